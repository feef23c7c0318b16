//! Places for questions to the chain about sessions that are not in memory: a node that is slow must not
//! gather any number of them, nor may one address take all places.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::limits::LimitsConfig;
use crate::session::lock;
use crate::strangers::network;

/// Questions that may wait for the chain at once.
const MOST: usize = 32;
/// The same from one address.
const MOST_OF_ONE: usize = 8;

/// The places.
pub struct Lookups {
    places: Semaphore,
    of_one: usize,
    patience: Duration,
    /// Those who have a place, or wait for one.
    guests: Mutex<HashMap<IpAddr, Guests>>,
}

/// Who comes from one address.
struct Guests {
    count: usize,
    places: Arc<Semaphore>,
}

/// A place for one question; it is free again when this is dropped.
pub struct Turn<'a> {
    _place: SemaphorePermit<'a>,
    _own: Option<(OwnedSemaphorePermit, Guest<'a>)>,
}

/// One of the guests from an address.
struct Guest<'a> {
    lookups: &'a Lookups,
    address: IpAddr,
    places: Arc<Semaphore>,
}

impl Lookups {
    /// All places are free. Where strangers are not told apart by their addresses, nobody is.
    pub fn new(limits: &LimitsConfig) -> Self {
        Lookups {
            places: Semaphore::new(MOST),
            of_one: match limits.unauthenticated_per_minute {
                0 => MOST,
                _ => MOST_OF_ONE,
            },
            patience: limits.patience(),
            guests: Mutex::default(),
        }
    }

    /// A place for a question on behalf of this address; `None` if there is none for `queue_ms`.
    pub async fn turn(&self, address: Option<IpAddr>) -> Option<Turn<'_>> {
        let guest = address.map(|address| self.guest(network(address)));
        let places = async {
            let own = match guest {
                Some(guest) => Some((guest.places.clone().acquire_owned().await.ok()?, guest)),
                None => None,
            };
            let place = self.places.acquire().await.ok()?;
            Some(Turn {
                _place: place,
                _own: own,
            })
        };
        timeout(self.patience, places).await.ok().flatten()
    }

    fn guest(&self, address: IpAddr) -> Guest<'_> {
        let mut guests = lock(&self.guests);
        let of_address = guests.entry(address).or_insert_with(|| Guests {
            count: 0,
            places: Arc::new(Semaphore::new(self.of_one)),
        });
        of_address.count = of_address.count.saturating_add(1);
        Guest {
            lookups: self,
            address,
            places: of_address.places.clone(),
        }
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        let mut guests = lock(&self.lookups.guests);
        if let Some(of_address) = guests.get_mut(&self.address) {
            of_address.count = of_address.count.saturating_sub(1);
            if of_address.count == 0 {
                guests.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookups(unauthenticated_per_minute: u32) -> Lookups {
        Lookups::new(&LimitsConfig {
            queue_ms: 0,
            unauthenticated_per_minute,
            ..LimitsConfig::default()
        })
    }

    #[tokio::test]
    async fn one_address_takes_a_part_and_all_together_take_all() {
        let lookups = lookups(1);
        let mut turns = Vec::new();
        for host in 1..=4 {
            let address: IpAddr = [192, 0, 2, host].into();
            for _ in 0..MOST_OF_ONE {
                turns.push(lookups.turn(Some(address)).await.expect("a place"));
            }
            assert!(lookups.turn(Some(address)).await.is_none());
        }
        let another = Some([192, 0, 2, 5].into());
        assert!(lookups.turn(another).await.is_none(), "all are taken");
        turns.pop();
        assert!(lookups.turn(another).await.is_some());
        turns.clear();
        assert!(lock(&lookups.guests).is_empty(), "nobody is remembered");
    }

    #[tokio::test]
    async fn where_all_come_from_one_address_it_may_take_all() {
        let lookups = lookups(0);
        let mut turns = Vec::new();
        for _ in 0..MOST {
            turns.push(lookups.turn(Some([192, 0, 2, 1].into())).await);
        }
        assert!(turns.iter().all(Option::is_some));
        assert!(lookups.turn(None).await.is_none());
    }

    #[tokio::test]
    async fn who_waits_gets_the_next_place() {
        let lookups = Lookups::new(&LimitsConfig {
            queue_ms: 60_000,
            ..LimitsConfig::default()
        });
        let mut turns = Vec::new();
        for _ in 0..MOST {
            turns.push(lookups.turn(None).await);
        }
        let (next, ()) = tokio::join!(lookups.turn(None), async {
            tokio::task::yield_now().await;
            turns.pop();
        });
        assert!(next.is_some());
    }
}
