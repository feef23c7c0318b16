//! Answers of models, by the names of the price list.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit as Measure};
use secret_ai_engine::Endpoint;
use secret_ai_interface::Unit;

use crate::prices::{self, PriceList};

/// Bounds that the convention advises for whole answers, seconds.
const WHOLE: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
/// For the time to the first token, seconds.
const FIRST: [f64; 16] = [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// For the time per token after the first, seconds.
const EACH: [f64; 13] = [
    0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5,
];
const ENDPOINTS: usize = 7;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    gen_ai_operation_name: &'static str,
    gen_ai_request_model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Counted {
    gen_ai_request_model: String,
    unit: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    gen_ai_request_model: String,
}

type Times = Family<Operation, Histogram, fn() -> Histogram>;

/// An answer that was billed.
pub struct Answered<'a> {
    pub endpoint: Endpoint,
    pub model: &'a str,
    /// What was billed, by unit.
    pub units: &'a [(Unit, u64)],
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens that the engine wrote.
    pub output_tokens: u64,
    /// From the request's head to the answer's end.
    pub total: Duration,
    /// From the request's head to the first piece; none if there was none.
    pub first: Option<Duration>,
    /// The client went away or the engine broke off.
    pub aborted: bool,
    /// The engine did not tell its usage.
    pub estimated: bool,
    /// What the engine told was beyond the limits and held to them.
    pub clamped: bool,
}

/// Answers of models.
pub struct ModelsMetrics {
    whole: Times,
    first: Times,
    each: Times,
    units: Family<Counted, Counter>,
    models: HashMap<String, OneModel>,
}

/// One model's, at hand without looking for labels; made when they are first needed.
struct OneModel {
    answers: Counter,
    aborted: Counter,
    estimated: Counter,
    clamped: Counter,
    times: [OnceLock<[Histogram; 3]>; ENDPOINTS],
}

impl ModelsMetrics {
    pub(super) fn new(registry: &mut Registry, prices: &PriceList) -> Self {
        let whole: Times = Family::new_with_constructor(|| Histogram::new(WHOLE));
        let first: Times = Family::new_with_constructor(|| Histogram::new(FIRST));
        let each: Times = Family::new_with_constructor(|| Histogram::new(EACH));
        let times = [
            (
                "gen_ai_server_request_duration",
                "From a request's head to its answer's end",
                &whole,
            ),
            (
                "gen_ai_server_time_to_first_token",
                "From a request's head to the first piece",
                &first,
            ),
            (
                "gen_ai_server_time_per_output_token",
                "Each token after the first",
                &each,
            ),
        ];
        for (name, help, family) in times {
            registry.register_with_unit(name, help, Measure::Seconds, family.clone());
        }
        let units: Family<Counted, Counter> = Family::default();
        let help = "Units billed; tokens are the units input, cached_input and output";
        registry.register("secret_ai_billed_units", help, units.clone());
        let counters = [
            ("secret_ai_answers", "Answers billed"),
            (
                "secret_ai_aborted_answers",
                "Answers whose client went away, or whose engine broke off",
            ),
            (
                "secret_ai_estimated_answers",
                "Answers billed by an estimate, since the engine told no usage",
            ),
            (
                "secret_ai_clamped_answers",
                "Answers whose usage, as the engine told it, was beyond the limits",
            ),
        ];
        let [answers, aborted, estimated, clamped] = counters.map(|(name, help)| {
            let family: Family<Of, Counter> = Family::default();
            registry.register(name, help, family.clone());
            family
        });
        let one = |model: &str| {
            let of = Of {
                gen_ai_request_model: model.to_owned(),
            };
            OneModel {
                answers: answers.get_or_create_owned(&of),
                aborted: aborted.get_or_create_owned(&of),
                estimated: estimated.get_or_create_owned(&of),
                clamped: clamped.get_or_create_owned(&of),
                times: Default::default(),
            }
        };
        let listings = prices.listings().iter();
        let models = listings.map(|listing| (listing.model.clone(), one(&listing.model)));
        ModelsMetrics {
            models: models.collect(),
            whole,
            first,
            each,
            units,
        }
    }

    /// Takes note of an answer. One of a model that the price list has not is not counted.
    pub fn answered(&self, answer: &Answered<'_>) {
        let Some(model) = self.models.get(answer.model) else {
            return;
        };
        model.answers.inc();
        let flags = [
            (answer.aborted, &model.aborted),
            (answer.estimated, &model.estimated),
            (answer.clamped, &model.clamped),
        ];
        for (_, counter) in flags.into_iter().filter(|(is_set, _)| *is_set) {
            counter.inc();
        }
        for (unit, count) in answer.units.iter().filter(|(_, count)| *count > 0) {
            let counted = Counted {
                gen_ai_request_model: answer.model.to_owned(),
                unit: prices::name(*unit),
            };
            self.units.get_or_create(&counted).inc_by(*count);
        }
        let Some(times) = model.times.get(answer.endpoint as usize) else {
            return;
        };
        let [whole, first, each] = times.get_or_init(|| self.times(answer));
        whole.observe(answer.total.as_secs_f64());
        let Some(until_first) = answer.first else {
            return;
        };
        first.observe(until_first.as_secs_f64());
        if answer.output_tokens > 1 {
            let rest = answer.total.saturating_sub(until_first).as_secs_f64();
            each.observe(rest / (answer.output_tokens - 1) as f64);
        }
    }

    fn times(&self, answer: &Answered<'_>) -> [Histogram; 3] {
        let operation = Operation {
            gen_ai_operation_name: operation(answer.endpoint),
            gen_ai_request_model: answer.model.to_owned(),
        };
        [&self.whole, &self.first, &self.each].map(|family| family.get_or_create_owned(&operation))
    }
}

/// The convention's name of what an endpoint does, or ours where it has none.
pub fn operation(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::ChatCompletions => "chat",
        Endpoint::Completions => "text_completion",
        Endpoint::Embeddings => "embeddings",
        Endpoint::Speech => "speech",
        Endpoint::Transcriptions => "transcription",
        Endpoint::Translations => "translation",
        Endpoint::Images => "image_generation",
    }
}
