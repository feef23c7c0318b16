//! The worker's price list, and whether a session's terms meet it.
//!
//! A session's rates come from the user's transaction alone, so the worker has to look at them: a
//! session at lower rates than the list's, or without a line for something that the list sells,
//! would be a free ride.

use secret_ai_engine::Endpoint;
use secret_ai_interface::billing::Line;
use secret_ai_interface::registry::ModelListing;
use secret_ai_interface::Unit;
use snafu::Snafu;

/// Why a session's terms are not accepted.
#[derive(Clone, Debug, Snafu, PartialEq, Eq)]
pub enum TermsRefused {
    #[snafu(display("this worker does not sell the model for the session's token"))]
    Token,
    #[snafu(display("the session has no line for unit {} of this model", name(*unit)))]
    MissingLine { unit: Unit },
    #[snafu(display(
        "the session's rate for unit {} is {rate}, the price list asks {asked}",
        name(*unit)
    ))]
    Rate { unit: Unit, rate: u64, asked: u64 },
}

/// What the worker asks for its models.
#[derive(Clone, Debug)]
pub struct PriceList(Vec<ModelListing>);

impl PriceList {
    /// A list of models and their rates.
    pub fn new(listings: Vec<ModelListing>) -> Self {
        PriceList(listings)
    }

    /// As it stands in the registry.
    pub fn listings(&self) -> &[ModelListing] {
        &self.0
    }

    /// The unit without which a model of the list cannot be used through `endpoint`.
    pub fn missing(&self, model: &str, endpoint: Endpoint) -> Option<Unit> {
        let listing = self.0.iter().find(|listing| listing.model == model)?;
        let has = |unit: &Unit| listing.rates.iter().any(|rate| rate.unit == *unit);
        needs(endpoint).iter().find(|unit| !has(unit)).copied()
    }

    /// Checks that a session pays for `model` at least what the list asks.
    ///
    /// # Errors
    /// [`TermsRefused`] names what is missing.
    pub fn check(&self, model: &str, token: &str, lines: &[Line]) -> Result<(), TermsRefused> {
        let listing = self
            .0
            .iter()
            .find(|l| l.model == model && l.token.as_str() == token);
        let listing = listing.ok_or(TermsRefused::Token)?;
        for asked in &listing.rates {
            let unit = asked.unit;
            let line = lines.iter().find(|l| l.model == model && l.unit == unit);
            let rate = line.ok_or(TermsRefused::MissingLine { unit })?.rate;
            if rate < asked.rate {
                return Err(TermsRefused::Rate {
                    unit,
                    rate,
                    asked: asked.rate,
                });
            }
        }
        Ok(())
    }
}

/// What an endpoint counts and cannot do without.
pub fn needs(endpoint: Endpoint) -> &'static [Unit] {
    match endpoint {
        Endpoint::ChatCompletions | Endpoint::Completions => &[Unit::Input, Unit::Output],
        Endpoint::Embeddings => &[Unit::Embedding],
        Endpoint::Speech | Endpoint::Transcriptions | Endpoint::Translations => &[Unit::AudioMs],
        Endpoint::Images => &[Unit::Image],
    }
}

/// Whether a model with these rates can be used through any endpoint.
pub fn sells_something(listing: &ModelListing) -> bool {
    let has = |unit: &Unit| listing.rates.iter().any(|rate| rate.unit == *unit);
    Endpoint::ALL
        .iter()
        .any(|endpoint| needs(*endpoint).iter().all(has))
}

/// A unit's name on the wire.
pub fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::Input => "input",
        Unit::CachedInput => "cached_input",
        Unit::Output => "output",
        Unit::Image => "image",
        Unit::AudioMs => "audio_ms",
        Unit::Embedding => "embedding",
        Unit::Request => "request",
    }
}
