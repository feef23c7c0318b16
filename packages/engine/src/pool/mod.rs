//! Several engines as one: each request goes to the least loaded of those that are up and serve its model.
//!
//! * **Health.** Every member is asked every few seconds, more seldom while it is down. A call that finds
//!   nobody at a member's address takes it out of service at once and has it asked again at once.
//! * **Choice.** The fewest requests in progress in proportion to what the member may have; equals take
//!   turns. A member that has just said that it is too busy comes last for a moment.
//! * **Retry.** Another member is tried only if the first has certainly begun nothing: it could not be
//!   reached, or it refused with 429 or 503 before any byte. A 500, 502 or 504 may come after work (a
//!   proxy says 502 when the server behind it broke off). A request that breaks a connection is not tried
//!   again, so one that kills engines kills one.
//! * **Back-pressure.** A member never has more than its `max_requests`; when all are full the request is
//!   refused as [`EngineError::Busy`]. A request's place is free again when its body is dropped.

mod checks;
mod choice;
mod member;
mod rename;
mod state;
mod watched;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::{upper_bound, Call, ChatRequest, Engine, EngineError, ModelInfo, Reply, Tokens};
use choice::Load;
use member::{Member, Offer, Place};

pub use state::{MemberConfig, MemberState};

/// How members are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Time between two checks of a member that is up.
    pub interval: Duration,
    /// Longest time between two checks of a member that is down; it begins at `interval` and doubles.
    pub longest_interval: Duration,
    /// Longest time a check may take.
    pub timeout: Duration,
    /// Failed checks in a row after which a member is down.
    pub failures: u32,
    /// Time between two looks at a member's list of models.
    pub refresh: Duration,
    /// How long a member that is too busy comes last.
    pub rest: Duration,
}

impl Default for Policy {
    /// A check every 5 s (up to 40 s while down) of at most 10 s; down after 2 failures; models every
    /// minute; 1 s of rest.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            longest_interval: Duration::from_secs(40),
            timeout: Duration::from_secs(10),
            failures: 2,
            refresh: Duration::from_secs(60),
            rest: Duration::from_secs(1),
        }
    }
}

/// Engines that share the work.
pub struct Pool {
    members: Vec<Arc<Member>>,
    policy: Policy,
    /// Whose turn it is among equals.
    turn: AtomicUsize,
}

impl Pool {
    /// A pool of these engines. Each is asked for its models when they are needed first; call
    /// [`Pool::watch`] to have them watched.
    pub fn new(members: Vec<(MemberConfig, Arc<dyn Engine>)>, policy: Policy) -> Self {
        let member = |(config, engine)| Arc::new(Member::new(config, engine, policy));
        Self {
            members: members.into_iter().map(member).collect(),
            policy,
            turn: AtomicUsize::new(0),
        }
    }

    /// Watches the members until `stop`, each in a task of this runtime.
    pub fn watch(&self, stop: &CancellationToken) {
        for member in &self.members {
            tokio::spawn(checks::watch(member.clone(), self.policy, stop.clone()));
        }
    }

    /// Asks the members that were never asked.
    async fn get_to_know(&self) {
        let new = self.members.iter().filter(|member| !member.is_known());
        join_all(new.map(|member| checks::check(member, &self.policy))).await;
    }

    /// Members that serve `model`, with what they offer.
    fn serving<'a>(&'a self, model: &'a str) -> impl Iterator<Item = (usize, Offer)> + 'a {
        let offers = self.members.iter().enumerate();
        offers.filter_map(move |(index, member)| Some((index, member.offer(model)?)))
    }

    /// A place at the best member outside `tried`.
    fn choose(&self, model: &str, tried: &[usize]) -> Result<Chosen, EngineError> {
        let count = self.members.len();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % count.max(1);
        loop {
            let (mut is_served, mut is_up) = (false, false);
            let mut best: Option<(Load, usize, Offer)> = None;
            for (index, offer) in self.serving(model) {
                is_served = true;
                if !offer.is_up || tried.contains(&index) {
                    continue;
                }
                is_up = true;
                let load = Load {
                    rests: offer.rests,
                    in_flight: offer.in_flight,
                    max_requests: offer.max_requests,
                    distance: (index + count - turn) % count,
                };
                let is_better = best.as_ref().is_none_or(|(best, ..)| load < *best);
                if !load.is_full() && is_better {
                    best = Some((load, index, offer));
                }
            }
            let Some((_, index, offer)) = best else {
                return Err(match (is_served, is_up) {
                    (false, _) => EngineError::unknown_model(model),
                    (true, false) => EngineError::Down,
                    (true, true) => EngineError::Busy,
                });
            };
            // Fails only if somebody else was faster, who has then got what he wanted.
            if let Some(place) = Place::take(&self.members[index]) {
                let own_name = offer.own_name;
                return Ok(Chosen {
                    index,
                    place,
                    own_name,
                });
            }
        }
    }
}

/// Where a request goes.
struct Chosen {
    index: usize,
    place: Place,
    /// The model's name there, if it is another.
    own_name: Option<String>,
}

impl Chosen {
    async fn call(self, call: &Call) -> Result<Reply, EngineError> {
        let call = match &self.own_name {
            Some(name) => rename::renamed(call, name)?,
            None => call.clone(),
        };
        let member = self.place.member();
        let replied = member.engine().call(call).await;
        let reply = replied.inspect_err(|error| member.failed(error))?;
        Ok(watched::watched(reply, self.place))
    }
}

/// Whether an engine that failed this way has begun nothing.
fn began_nothing(error: &EngineError) -> bool {
    match error {
        EngineError::Connect { .. } => true,
        EngineError::Status { status, .. } => matches!(status, 429 | 503),
        _ => false,
    }
}

#[async_trait]
impl Engine for Pool {
    /// The models of all members, each once, with the smallest context that a member gives it. Members
    /// that are down count: their models are not unknown, only not to be had now.
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        self.get_to_know().await;
        let mut models: Vec<ModelInfo> = Vec::new();
        for model in self.members.iter().flat_map(|member| member.models()) {
            match models.iter_mut().find(|known| known.id == model.id) {
                Some(known) => {
                    known.context_length = known.context_length.min(model.context_length)
                }
                None => models.push(model),
            }
        }
        if models.is_empty() {
            return Err(EngineError::Down);
        }
        Ok(models)
    }

    /// As the first member that serves the model counts: members that serve one model have one tokenizer.
    /// It is not asked as long as the bound by bytes, which is cheap, leaves half of the context.
    async fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError> {
        self.get_to_know().await;
        let first = self.serving(&request.model).next();
        let (index, offer) = first.ok_or_else(|| EngineError::unknown_model(&request.model))?;
        request.validate()?;
        match upper_bound::prompt_tokens(request) {
            Ok(count) if count <= offer.context_length / 2 => {
                let exact = false;
                return Ok(Tokens { count, exact });
            }
            _ => {}
        }
        let engine = self.members[index].engine();
        let Some(model) = offer.own_name else {
            return engine.count_prompt(request).await;
        };
        let request = ChatRequest {
            model,
            ..request.clone()
        };
        engine.count_prompt(&request).await
    }

    fn count_text(&self, model: &str, text: &str) -> Option<u64> {
        self.serving(model).find_map(|(index, offer)| {
            let name = offer.own_name.as_deref().unwrap_or(model);
            self.members[index].engine().count_text(name, text)
        })
    }

    async fn call(&self, call: Call) -> Result<Reply, EngineError> {
        self.get_to_know().await;
        let mut tried = Vec::new();
        let mut chosen = self.choose(&call.model, &tried)?;
        loop {
            tried.push(chosen.index);
            let error = match chosen.call(&call).await {
                Err(error) if began_nothing(&error) => error,
                end => return end,
            };
            // What the last one said tells more than that nobody is left.
            chosen = self.choose(&call.model, &tried).map_err(|_| error)?;
        }
    }

    async fn health(&self) -> Result<(), EngineError> {
        self.get_to_know().await;
        let is_up = self.members.iter().any(|member| member.is_up());
        is_up.then_some(()).ok_or(EngineError::Down)
    }

    fn members(&self) -> Vec<MemberState> {
        self.members.iter().map(|member| member.state()).collect()
    }
}
