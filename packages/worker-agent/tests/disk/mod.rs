//! A disk in memory that remembers every write and sync, so that a test can see what a power cut
//! leaves behind; it can also be full.
#![allow(dead_code)] // each test program uses a part of it

use std::io::{Error, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use redb::StorageBackend;

/// What happened to the disk, in order.
#[derive(Clone, Debug)]
pub enum Event {
    Write { offset: usize, data: Vec<u8> },
    SetLen(usize),
    Sync,
}

/// The disk; clones are the same one.
#[derive(Clone, Debug)]
pub struct Disk {
    content: Arc<Mutex<Vec<u8>>>,
    events: Arc<Mutex<Vec<Event>>>,
    /// Bytes that still fit.
    space: Arc<AtomicU64>,
}

impl Disk {
    /// A disk with this content and no end.
    pub fn with(content: Vec<u8>) -> Self {
        Disk {
            content: Arc::new(Mutex::new(content)),
            events: Arc::default(),
            space: Arc::new(AtomicU64::new(u64::MAX)),
        }
    }

    /// Leaves room for so many more bytes to be written.
    pub fn leave(&self, bytes: u64) {
        self.space.store(bytes, Ordering::SeqCst);
    }

    pub fn content(&self) -> Vec<u8> {
        self.content.lock().unwrap().clone()
    }

    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// How many events there were so far.
    pub fn len_of_trace(&self) -> usize {
        self.events.lock().unwrap().len()
    }

    fn note(&self, event: Event) {
        apply(&mut self.content.lock().unwrap(), &event);
        self.events.lock().unwrap().push(event);
    }

    fn take(&self, bytes: usize) -> Result<(), Error> {
        let bytes = bytes as u64;
        let fits = |left: u64| left.checked_sub(bytes);
        let taken = self
            .space
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits);
        taken.map_err(|_| Error::new(ErrorKind::StorageFull, "no space left on device"))?;
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.content.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let content = self.content.lock().unwrap();
        let start = offset as usize;
        let piece = content.get(start..start + out.len());
        out.copy_from_slice(piece.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        let before = self.content.lock().unwrap().len();
        self.take((len as usize).saturating_sub(before))?;
        self.note(Event::SetLen(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> Result<(), Error> {
        self.note(Event::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.take(data.len())?;
        self.note(Event::Write {
            offset: offset as usize,
            data: data.to_vec(),
        });
        Ok(())
    }
}

/// Does to the content what the event says.
pub fn apply(content: &mut Vec<u8>, event: &Event) {
    match event {
        Event::Sync => {}
        Event::SetLen(len) => content.resize(*len, 0),
        Event::Write { offset, data } => {
            let end = offset + data.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*offset..end].copy_from_slice(data);
        }
    }
}

/// Which of the writes since the last sync are on the disk after a power cut.
#[derive(Clone, Copy, Debug)]
pub enum Cut {
    /// None: all were in the disk's cache.
    Nothing,
    /// All.
    Everything,
    /// All, the last one in half.
    Torn,
    /// Every second one, from the first or from the second.
    EverySecond(usize),
    /// Only the last one: the disk writes in what order it likes.
    OnlyTheLast,
}

pub const CUTS: [Cut; 6] = [
    Cut::Nothing,
    Cut::Everything,
    Cut::Torn,
    Cut::EverySecond(0),
    Cut::EverySecond(1),
    Cut::OnlyTheLast,
];

/// What is on the disk if the power goes after the first `count` events.
pub fn after_power_cut(events: &[Event], count: usize, cut: Cut) -> Vec<u8> {
    let events = &events[..count];
    let synced = events
        .iter()
        .rposition(|event| matches!(event, Event::Sync));
    let (durable, cached) = events.split_at(synced.map_or(0, |at| at + 1));
    let mut content = Vec::new();
    durable.iter().for_each(|event| apply(&mut content, event));
    let last = cached.len().wrapping_sub(1);
    for (number, event) in cached.iter().enumerate() {
        let event = match (cut, event) {
            (Cut::Nothing, _) => continue,
            (Cut::EverySecond(first), _) if number % 2 != first => continue,
            (Cut::OnlyTheLast, _) if number != last => continue,
            (Cut::Torn, Event::Write { offset, data }) if number == last => &Event::Write {
                offset: *offset,
                data: data[..data.len() / 2].to_vec(),
            },
            (_, event) => event,
        };
        apply(&mut content, event);
    }
    content
}
