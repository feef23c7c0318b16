//! Addresses from which requests fail for want of a good key. Each such request may cost a question to
//! the chain, so an address may make only so many of them in a minute.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;

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
}

impl Strangers {
    /// Lets `per_minute` failures through; 0 for any number.
    pub fn new(per_minute: u32) -> Self {
        Strangers {
            per_minute: per_minute.into(),
            failed: Mutex::default(),
            known: AtomicUsize::new(0),
        }
    }

    /// Seconds for which this address must wait, if it has failed too often. `now`: unix seconds.
    pub fn wait_s(&self, address: IpAddr, now: u64) -> Option<u64> {
        if self.known.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let bucket = *lock(&self.failed).get(&network(address))?;
        match bucket.wait(1, self.per_minute, now.saturating_mul(SECOND_US)) {
            0 => None,
            wait => Some(wait.div_ceil(SECOND_US)),
        }
    }

    /// Takes note of a failure. `now`: unix seconds.
    pub fn failed(&self, address: IpAddr, now: u64) {
        if self.per_minute == 0 {
            return;
        }
        let now = now.saturating_mul(SECOND_US);
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

    /// Forgets addresses that have made up for their failures. `now`: unix seconds.
    pub fn forget(&self, now: u64) {
        let mut failed = lock(&self.failed);
        failed.retain(|_, bucket| bucket.reset(now.saturating_mul(SECOND_US)) > 0);
        self.known.store(failed.len(), Ordering::Relaxed);
    }
}

/// What one customer of a network has: an IPv4 address, or an IPv6 /64.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_too_often_waits_and_others_do_not() {
        let strangers = Strangers::new(2);
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        assert_eq!(strangers.wait_s(one, 1_000), None);
        strangers.failed(one, 1_000);
        assert_eq!(strangers.wait_s(one, 1_000), None);
        strangers.failed(one, 1_000);
        assert_eq!(strangers.wait_s(one, 1_000), Some(30));
        let same: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(strangers.wait_s(same, 1_000), Some(30));
        assert_eq!(strangers.wait_s("192.0.2.2".parse().unwrap(), 1_000), None);
        assert_eq!(strangers.wait_s(one, 1_030), None);
        strangers.forget(1_060);
        assert_eq!(strangers.known.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let strangers = Strangers::new(1);
        strangers.failed("2001:db8::1".parse().unwrap(), 1_000);
        assert!(strangers
            .wait_s("2001:db8::2".parse().unwrap(), 1_000)
            .is_some());
        assert!(strangers
            .wait_s("2001:db8:0:1::2".parse().unwrap(), 1_000)
            .is_none());
    }

    #[test]
    fn memory_is_bounded_and_zero_is_no_limit() {
        let strangers = Strangers::new(1);
        for i in 0..20_000_u32 {
            strangers.failed(std::net::Ipv4Addr::from(i).into(), 1_000);
        }
        assert_eq!(strangers.known.load(Ordering::Relaxed), MOST);
        let open = Strangers::new(0);
        open.failed("192.0.2.1".parse().unwrap(), 1_000);
        assert_eq!(open.wait_s("192.0.2.1".parse().unwrap(), 1_000), None);
    }
}
