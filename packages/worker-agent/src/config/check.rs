//! What a configuration must be beyond its shape. All problems are found, not only the first.

use secret_ai_interface::registry::ModelListing;
use secret_ai_interface::{Hex, MAX_COUNT, MAX_MODEL_NAME};

use super::{Config, Problem};
use crate::engine_config;
use crate::replicate::WatchtowerConfig;
use crate::tee::MAX_GPUS;

/// What the registry takes (its `Listing`).
const MAX_URL: usize = 128;
const MAX_LISTED: usize = 16;
/// Longest body that may be configured, bytes.
const MOST_BODY: usize = 64 << 20;
/// Longest time between two rounds that may be configured, seconds: billing's longest epoch.
const LONGEST_INTERVAL_S: u64 = 86_400;
/// Most pages of a round that may be configured.
const MOST_PAGES: usize = 16;
/// Longest time that may be configured for requests in progress at the end, seconds.
const LONGEST_DRAIN_S: u64 = 3_600;

/// Problems found so far.
#[derive(Default)]
pub(crate) struct Checks(Vec<Problem>);

impl Checks {
    /// Takes note of a problem with `field` unless `holds`.
    pub fn require(&mut self, holds: bool, field: &str, problem: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Problem {
                origin: "configuration".to_owned(),
                field: field.to_owned(),
                problem: problem(),
            });
        }
    }

    /// Takes note if `value` is not within `least` and `most`.
    pub fn within(&mut self, field: &str, value: u64, least: u64, most: u64) {
        self.require((least..=most).contains(&value), field, || {
            format!("{value}, must be {least} to {most}")
        });
    }

    /// Takes note if `url` is none of HTTP.
    pub fn http_url(&mut self, field: &str, url: &str) {
        let has_scheme = url.starts_with("https://") || url.starts_with("http://");
        self.require(has_scheme, field, || {
            "must start with https:// or http://".to_owned()
        });
    }
}

impl Config {
    /// Everything that is wrong and can be told without files and without asking anybody.
    pub fn problems(&self) -> Vec<Problem> {
        let mut checks = Checks::default();
        self.check_listing(&mut checks);
        self.check_http(&mut checks);
        self.check_settling(&mut checks);
        let gpus = self.tee.gpus();
        checks.require(gpus <= MAX_GPUS, "tee.gpus", || {
            format!("{gpus}, must be 0 to {MAX_GPUS}")
        });
        for (field, problem) in engine_config::problems(&self.engine, &self.engines) {
            checks.require(false, &field, || problem);
        }
        self.check_chain(&mut checks);
        self.limits.check(&mut checks);
        self.telemetry.check(&mut checks);
        checks.0
    }

    fn check_listing(&self, checks: &mut Checks) {
        checks.http_url("public_url", &self.public_url);
        checks.require(self.public_url.len() <= MAX_URL, "public_url", || {
            format!("must have at most {MAX_URL} bytes")
        });
        if let Err(problem) = self.tls().check(&self.public_url) {
            checks.require(false, "tls.mode", || problem.into());
        }
        let models = self.prices.len();
        checks.require((1..=MAX_LISTED).contains(&models), "prices", || {
            format!("{models} models, must be 1 to {MAX_LISTED}")
        });
        for listing in &self.prices {
            check_prices(listing, checks);
        }
    }

    fn check_http(&self, checks: &mut Checks) {
        let body = self.max_body;
        checks.require((1_024..=MOST_BODY).contains(&body), "max_body", || {
            format!("{body} bytes, must be 1024 to {MOST_BODY}")
        });
        let upload = self.max_upload;
        checks.require((1_024..=MOST_BODY).contains(&upload), "max_upload", || {
            format!("{upload} bytes, must be 1024 to {MOST_BODY}")
        });
        checks.require(self.max_requests > 0, "max_requests", || {
            "must be at least 1".into()
        });
        checks.within("drain_s", self.drain_s, 1, LONGEST_DRAIN_S);
        let same = self.metrics.listen == Some(self.listen);
        checks.require(!same, "metrics.listen", || {
            "must be another address than the API's, listen".into()
        });
    }

    fn check_settling(&self, checks: &mut Checks) {
        let interval = self.settle_interval_s;
        checks.within("settle_interval_s", interval, 1, LONGEST_INTERVAL_S);
        let pages = self.settle.pages;
        checks.require((1..=MOST_PAGES).contains(&pages), "settle.pages", || {
            format!("{pages}, must be 1 to {MOST_PAGES}")
        });
        if let Some(Err((field, problem))) = self.watchtower.as_ref().map(WatchtowerConfig::check) {
            checks.require(false, field, || problem);
        }
        if let Err(problem) = self.journal.check() {
            checks.require(false, "journal.commit_ms", || problem);
        }
    }

    fn check_chain(&self, checks: &mut Checks) {
        checks.http_url("chain.lcd_url", &self.chain.lcd_url);
        let contracts = [
            ("chain.registry", &self.chain.registry),
            ("chain.billing", &self.chain.billing),
            ("chain.rewards", &self.chain.rewards),
        ];
        for (field, contract) in contracts {
            let hash = contract.code_hash.as_deref();
            let fits = hash.is_none_or(|h| h.parse::<Hex<32>>().is_ok());
            checks.require(fits, field, || "code_hash must have 64 hex digits".into());
            if let Err(error) = secret_ai_chain_client::address::decode(&contract.address) {
                checks.require(false, field, || format!("address: {error}"));
            }
        }
    }
}

fn check_prices(listing: &ModelListing, checks: &mut Checks) {
    let model = &listing.model;
    let length = model.len();
    checks.require((1..=MAX_MODEL_NAME).contains(&length), "prices", || {
        format!("model: {length} bytes, must be 1 to {MAX_MODEL_NAME}")
    });
    checks.require(crate::prices::sells_something(listing), "prices", || {
        format!(
            "{model:?} needs rates for input and output, or for one of embedding, audio_ms and image"
        )
    });
    let fits = listing.rates.iter().all(|rate| rate.rate < MAX_COUNT);
    checks.require(fits, "prices", || {
        format!("{model:?} has a rate that is not below 2^56")
    });
}
