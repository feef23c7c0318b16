//! The `[limits]` table, and how fast one session may go.
//!
//! A bucket is one number: the time at which it will be full again (the generic cell rate algorithm).
//! It lets a minute's worth through at once and then one request whenever its share of a minute is over.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;

const MINUTE_US: u64 = 60_000_000;
const SECOND_US: u64 = 1_000_000;

/// What one session, one address and the queue may take. A limit of 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Requests that one session may make in a minute; 0 for no limit.
    pub requests_per_minute: u32,
    /// Tokens, prompt and answer, that one session may use in a minute; 0 for no limit. What is used
    /// is known afterwards: the session waits until what it used too much is made up for.
    pub tokens_per_minute: u64,
    /// Requests of one session served or waiting at once; 0 for no limit. Default 64.
    pub concurrent: u32,
    /// Requests that may wait for one of the `max_requests` places.
    pub queue: usize,
    /// How long a request may wait for a place, milliseconds, at most 60,000.
    pub queue_ms: u64,
    /// Requests from one address (IPv6: one /64) in a minute that fail for want of a good key; then
    /// only sessions known already are served to it for a while; 0 for no limit.
    pub unauthenticated_per_minute: u32,
    /// How long a client may take to send a request's body, seconds, 1 to 600.
    pub body_timeout_s: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        LimitsConfig {
            requests_per_minute: 0,
            tokens_per_minute: 0,
            concurrent: 64,
            queue: 256,
            queue_ms: 1_000,
            unauthenticated_per_minute: 120,
            body_timeout_s: 30,
        }
    }
}

impl LimitsConfig {
    /// How long a request may wait for a place.
    pub fn patience(&self) -> Duration {
        Duration::from_millis(self.queue_ms)
    }

    pub(crate) fn check(&self, checks: &mut Checks) {
        checks.within("limits.queue_ms", self.queue_ms, 0, 60_000);
        checks.within("limits.body_timeout_s", self.body_timeout_s, 1, 600);
        let most = tokio::sync::Semaphore::MAX_PERMITS;
        checks.require(self.queue <= most, "limits.queue", || {
            format!("{}, must be at most {most}", self.queue)
        });
    }
}

/// A rate per minute, as far as it is used up: microseconds at which all of it is there again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket(u64);

impl Bucket {
    /// Takes `count` of `per_minute` (not 0) at `now`, uptime, microseconds, whether they are there or not.
    pub fn take(&mut self, count: u64, per_minute: u64, now: u64) {
        let cost =
            u128::from(count).saturating_mul(MINUTE_US.into()) / u128::from(per_minute.max(1));
        let cost = u64::try_from(cost).unwrap_or(u64::MAX);
        self.0 = self.0.max(now).saturating_add(cost);
    }

    /// How many are there.
    pub fn remaining(&self, per_minute: u64, now: u64) -> u64 {
        let free = MINUTE_US.saturating_sub(self.0.saturating_sub(now));
        let count = u128::from(free).saturating_mul(per_minute.into()) / u128::from(MINUTE_US);
        u64::try_from(count).unwrap_or(u64::MAX)
    }

    /// Microseconds until `count` are there; 0 if they are.
    pub fn wait(&self, count: u64, per_minute: u64, now: u64) -> u64 {
        let mut then = *self;
        then.take(count, per_minute, now);
        then.0.saturating_sub(now).saturating_sub(MINUTE_US)
    }

    /// Microseconds until all of them are there.
    pub fn reset(&self, now: u64) -> u64 {
        self.0.saturating_sub(now)
    }
}

/// How fast one session goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    requests: Bucket,
    tokens: Bucket,
    running: u32,
}

/// A session asks for more than it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// What the limit is.
    pub message: String,
    /// Seconds after which it is worth to try again.
    pub retry_after_s: u64,
}

impl Pace {
    /// Lets one more request of the session in. `now`: uptime, seconds.
    ///
    /// # Errors
    /// [`Exceeded`] names the limit; nothing is counted then.
    pub fn enter(&mut self, limits: &LimitsConfig, now: u64) -> Result<(), Exceeded> {
        let now = now.saturating_mul(SECOND_US);
        let per_minute = u64::from(limits.requests_per_minute);
        if limits.concurrent > 0 && self.running >= limits.concurrent {
            let message = format!(
                "the session has {} requests in progress, its limit",
                self.running
            );
            return Err(Exceeded {
                message,
                retry_after_s: 1,
            });
        }
        if per_minute > 0 {
            let wait = self.requests.wait(1, per_minute, now);
            if wait > 0 {
                return Err(exceeded(per_minute, "requests", wait));
            }
        }
        let tokens = limits.tokens_per_minute;
        if tokens > 0 {
            let wait = self.tokens.wait(1, tokens, now);
            if wait > 0 {
                return Err(exceeded(tokens, "tokens", wait));
            }
        }
        if per_minute > 0 {
            self.requests.take(1, per_minute, now);
        }
        self.running = self.running.saturating_add(1);
        Ok(())
    }

    /// A request that was let in is over.
    pub fn leave(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    /// A request has used so many tokens. `now`: uptime, seconds.
    pub fn used(&mut self, tokens: u64, limits: &LimitsConfig, now: u64) {
        let per_minute = limits.tokens_per_minute;
        if per_minute > 0 {
            self.tokens
                .take(tokens, per_minute, now.saturating_mul(SECOND_US));
        }
    }

    /// The headers that OpenAI sends about its limits, `x-ratelimit-*`
    /// (<https://platform.openai.com/docs/guides/rate-limits>), for the limits that there are.
    pub fn headers(&self, limits: &LimitsConfig, now: u64) -> HeaderMap {
        let now = now.saturating_mul(SECOND_US);
        let mut headers = HeaderMap::new();
        let rows = [
            (
                REQUESTS,
                self.requests,
                u64::from(limits.requests_per_minute),
            ),
            (TOKENS, self.tokens, limits.tokens_per_minute),
        ];
        for (names, bucket, limit) in rows {
            if limit == 0 {
                continue;
            }
            let [limit_name, remaining, reset] = names.map(HeaderName::from_static);
            headers.insert(limit_name, limit.into());
            headers.insert(remaining, bucket.remaining(limit, now).into());
            let seconds = format!("{}s", bucket.reset(now).div_ceil(SECOND_US));
            if let Ok(value) = HeaderValue::try_from(seconds) {
                headers.insert(reset, value);
            }
        }
        headers
    }
}

const REQUESTS: [&str; 3] = [
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
];
const TOKENS: [&str; 3] = [
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];

fn exceeded(limit: u64, what: &str, wait_us: u64) -> Exceeded {
    Exceeded {
        message: format!("the session has used its {limit} {what} per minute"),
        retry_after_s: wait_us.div_ceil(SECOND_US).max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: LimitsConfig = LimitsConfig {
        requests_per_minute: 3,
        tokens_per_minute: 600,
        concurrent: 2,
        queue: 0,
        queue_ms: 0,
        unauthenticated_per_minute: 0,
        body_timeout_s: 30,
    };

    #[test]
    fn a_minute_lets_as_many_through_as_the_limit_says_and_then_one_by_one() {
        let mut pace = Pace::default();
        for _ in 0..3 {
            pace.enter(&LIMITS, 1_000).unwrap();
            pace.leave();
        }
        let refused = pace.enter(&LIMITS, 1_000).unwrap_err();
        assert_eq!(refused.retry_after_s, 20);
        assert!(refused.message.contains("3 requests per minute"));
        assert!(pace.enter(&LIMITS, 1_019).is_err());
        pace.enter(&LIMITS, 1_020).unwrap();
        assert!(pace.enter(&LIMITS, 1_020).is_err());
    }

    #[test]
    fn tokens_used_too_much_are_made_up_for() {
        let mut pace = Pace::default();
        pace.enter(&LIMITS, 1_000).unwrap();
        pace.used(900, &LIMITS, 1_000);
        pace.leave();
        // 300 too many, and one to go: 10 tokens a second.
        let refused = pace.enter(&LIMITS, 1_000).unwrap_err();
        assert_eq!(refused.retry_after_s, 31);
        assert!(pace.enter(&LIMITS, 1_030).is_err());
        assert!(pace.enter(&LIMITS, 1_031).is_ok());
    }

    #[test]
    fn requests_in_progress_are_limited_and_cost_nothing_if_refused() {
        let mut pace = Pace::default();
        pace.enter(&LIMITS, 1_000).unwrap();
        pace.enter(&LIMITS, 1_000).unwrap();
        assert!(pace
            .enter(&LIMITS, 1_000)
            .unwrap_err()
            .message
            .contains("2 requests"));
        pace.leave();
        assert!(pace.enter(&LIMITS, 1_000).is_ok());
    }

    #[test]
    fn headers_tell_limits_that_there_are() {
        let mut pace = Pace::default();
        pace.enter(&LIMITS, 1_000).unwrap();
        pace.used(60, &LIMITS, 1_000);
        let headers = pace.headers(&LIMITS, 1_000);
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        assert_eq!(text("x-ratelimit-limit-requests"), "3");
        assert_eq!(text("x-ratelimit-remaining-requests"), "2");
        assert_eq!(text("x-ratelimit-reset-requests"), "20s");
        assert_eq!(text("x-ratelimit-remaining-tokens"), "540");
        assert_eq!(text("x-ratelimit-reset-tokens"), "6s");
        assert!(pace.headers(&LimitsConfig::default(), 1_000).is_empty());
    }

    #[test]
    fn a_pace_is_small() {
        assert!(std::mem::size_of::<Pace>() <= 24);
    }
}
