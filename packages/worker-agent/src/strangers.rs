//! Addresses from which requests fail for want of a good key. Each such request may cost a question to
//! the chain, so an address may make only so many of them in a minute.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::clock::Clock;
use crate::limits::Bucket;
use crate::session::lock;

/// Most addresses remembered; beyond that new ones are not limited, so that memory stays bounded.
const MOST: usize = 8_192;
const SECOND_US: u64 = 1_000_000;

/// Failures by address, for one minute.
pub struct Strangers {
    per_minute: u64,
    failed: Mutex<HashMap<IpAddr, Bucket>>,
    /// Size of `failed`, to be asked without its lock.
    known: AtomicUsize,
    clock: Arc<dyn Clock>,
}

impl Strangers {
    /// Lets `per_minute` failures through; 0 for any number.
    pub fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        Strangers {
            per_minute: per_minute.into(),
            failed: Mutex::default(),
            known: AtomicUsize::new(0),
            clock,
        }
    }

    /// Seconds for which this address must wait, if it has failed too often.
    pub fn wait_s(&self, address: IpAddr) -> Option<u64> {
        if self.known.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let bucket = *lock(&self.failed).get(&network(address))?;
        match bucket.wait(1, self.per_minute, self.now()) {
            0 => None,
            wait => Some(wait.div_ceil(SECOND_US)),
        }
    }

    /// Takes note of a failure.
    pub fn failed(&self, address: IpAddr) {
        if self.per_minute == 0 {
            return;
        }
        let now = self.now();
        let mut failed = lock(&self.failed);
        if failed.len() >= MOST {
            failed.retain(|_, bucket| bucket.reset(now) > 0);
        }
        let has_room = failed.len() < MOST;
        let address = network(address);
        if has_room || failed.contains_key(&address) {
            let bucket = failed.entry(address).or_default();
            bucket.take(1, self.per_minute, now);
        }
        self.known.store(failed.len(), Ordering::Relaxed);
    }

    /// Forgets addresses that have made up for their failures.
    pub fn forget(&self) {
        let now = self.now();
        let mut failed = lock(&self.failed);
        failed.retain(|_, bucket| bucket.reset(now) > 0);
        self.known.store(failed.len(), Ordering::Relaxed);
    }

    /// Uptime, microseconds.
    fn now(&self) -> u64 {
        self.clock.uptime().saturating_mul(SECOND_US)
    }
}

/// What one customer of a network has: an IPv4 address, or an IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    struct Manual(AtomicU64);

    impl Clock for Manual {
        fn now(&self) -> u64 {
            0
        }

        fn uptime(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn strangers(per_minute: u32) -> (Strangers, Arc<Manual>) {
        let clock = Arc::new(Manual(AtomicU64::new(1_000)));
        (Strangers::new(per_minute, clock.clone()), clock)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_that_fails_too_often_waits_and_others_do_not() {
        let (strangers, clock) = strangers(2);
        let one = address("192.0.2.1");
        assert_eq!(strangers.wait_s(one), None);
        strangers.failed(one);
        assert_eq!(strangers.wait_s(one), None);
        strangers.failed(one);
        assert_eq!(strangers.wait_s(one), Some(30));
        assert_eq!(strangers.wait_s(address("::ffff:192.0.2.1")), Some(30));
        assert_eq!(strangers.wait_s(address("192.0.2.2")), None);
        clock.0.store(1_030, Ordering::Relaxed);
        assert_eq!(strangers.wait_s(one), None);
        clock.0.store(1_060, Ordering::Relaxed);
        strangers.forget();
        assert_eq!(strangers.known.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let (strangers, _) = strangers(1);
        strangers.failed(address("2001:db8::1"));
        assert!(strangers.wait_s(address("2001:db8::2")).is_some());
        assert!(strangers.wait_s(address("2001:db8:0:1::2")).is_none());
    }

    #[test]
    fn memory_is_bounded_and_zero_is_no_limit() {
        let (strangers, _) = strangers(1);
        for i in 0..20_000_u32 {
            strangers.failed(std::net::Ipv4Addr::from(i).into());
        }
        assert_eq!(strangers.known.load(Ordering::Relaxed), MOST);
        let (open, _) = self::strangers(0);
        open.failed(address("192.0.2.1"));
        assert_eq!(open.wait_s(address("192.0.2.1")), None);
    }
}
