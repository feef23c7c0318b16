//! Plays the worlds: one chain on which the workers are registered once, put back before each play.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};

use secret_devnet::Snapshot;
use serde_json::{json, Value};

use super::difference::{first, Difference, Step};
use super::scene::{Scene, CRANK, OPERATORS, SPY, TIMING, USERS};
use super::view::canonical;
use super::{Pair, Touched, World};
use crate::local::address;

/// A scene that can be put back.
pub struct Stage {
    scene: Scene,
    /// Workers are registered, users funded.
    registered: Mark,
    /// The contracts to be tested are deployed; here every play begins.
    start: Mark,
}

/// A point in the scene's history.
struct Mark {
    state: Snapshot,
    transactions: usize,
}

/// What came of a pair that does not look the same.
pub enum Finding {
    /// Its worlds can be told apart.
    Leak { pair: String, by: Difference },
    /// A world could not be played to its end.
    Broken { pair: String, why: String },
}

impl Finding {
    /// Whether the worlds of the pair with this name can be told apart, and first by a field with
    /// this in its path.
    pub fn is_leak_of(&self, name: &str, field: &str) -> bool {
        matches!(self, Finding::Leak { pair, by } if pair == name && by.field.contains(field))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Finding::Leak { pair, by } => write!(f, "{pair}\n  seen in {by}"),
            Finding::Broken { pair, why } => write!(f, "{pair}\n  not played: {why}"),
        }
    }
}

impl Stage {
    /// A chain with three registered workers.
    pub fn set() -> Stage {
        let scene = Scene::new();
        Stage {
            registered: mark(&scene),
            start: mark(&scene),
            scene,
        }
    }

    /// Plays all pairs on billing and rewards as they are built for everybody, or on other artifacts
    /// (contract and artifact); tells of every pair that does not look the same.
    pub fn play_all(&mut self, replaced: &[(&str, &str)], pairs: &[Pair]) -> Vec<Finding> {
        put_back(&mut self.scene, &self.registered);
        let local = &mut self.scene.local;
        local.redeploy_payments(TIMING, replaced);
        // Everybody can look up their own, so that scenarios can check that they pay what they say.
        for name in USERS {
            let billing = local.billing.clone();
            local.set_viewing_key(name, &billing);
        }
        for name in OPERATORS {
            let rewards = local.rewards.clone();
            local.set_viewing_key(name, &rewards);
        }
        self.start = mark(&self.scene);
        let found = pairs.iter().filter_map(|pair| self.compare(pair));
        found.collect()
    }

    fn compare(&mut self, pair: &Pair) -> Option<Finding> {
        let [a, b] = [World::A, World::B].map(|world| {
            // A scenario that fails must not hide what the others show.
            let play = AssertUnwindSafe(|| self.play(pair, world));
            catch_unwind(play).map_err(|panic| format!("world {world:?}: {}", said(&*panic)))
        });
        let pair = pair.name.clone();
        match (a, b) {
            (Ok(a), Ok(b)) => first(&a, &b).map(|by| Finding::Leak { pair, by }),
            (Err(why), _) | (_, Err(why)) => Some(Finding::Broken { pair, why }),
        }
    }

    /// What was to be seen of one world: the transactions, then what was heard.
    fn play(&mut self, pair: &Pair, world: World) -> Vec<Step> {
        let scene = &mut self.scene;
        put_back(scene, &self.start);
        (pair.scenario)(scene, world);

        let (names, views): (Vec<_>, Vec<_>) = scene
            .local
            .log
            .iter()
            .map(|(name, result)| (name.clone(), result.observer.clone()))
            .unzip();
        let decoys = pair.touched == Touched::Decoys;
        let unnamed: Vec<bool> = names
            .iter()
            .map(|name| decoys && name == "billing: finalize")
            .collect();
        let actors = self.actors();
        let named = canonical(&views, &unnamed)
            .into_iter()
            .map(|view| name_actors(json!(view), &actors));
        let seen = names.into_iter().zip(named);
        let seen = seen.map(|(what, seen)| Step { what, seen });
        seen.chain(std::mem::take(&mut self.scene.heard)).collect()
    }

    /// Address to name, for the reader of a difference.
    fn actors(&self) -> BTreeMap<String, &'static str> {
        let local = &self.scene.local;
        let contracts = [
            (&local.token, "token"),
            (&local.registry, "registry"),
            (&local.billing, "billing"),
            (&local.rewards, "rewards"),
        ];
        let contracts = contracts.map(|(contract, name)| (contract.address.to_string(), name));
        let people = USERS.into_iter().chain(OPERATORS).chain([SPY, CRANK]);
        let people = people.map(|name| (address(name), name));
        contracts.into_iter().chain(people).collect()
    }
}

fn mark(scene: &Scene) -> Mark {
    Mark {
        state: scene.local.net.snapshot(),
        transactions: scene.local.log.len(),
    }
}

fn put_back(scene: &mut Scene, mark: &Mark) {
    scene.local.net.restore(mark.state.clone());
    scene.local.log.truncate(mark.transactions);
    scene.heard.clear();
}

/// The words of a panic.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_string()));
    text.unwrap_or_else(|| "a panic without words".into())
}

/// The value with addresses replaced by names.
fn name_actors(value: Value, actors: &BTreeMap<String, &'static str>) -> Value {
    match value {
        Value::String(text) => match actors.get(&text) {
            Some(name) => Value::String((*name).to_string()),
            None => Value::String(text),
        },
        Value::Array(list) => list.into_iter().map(|v| name_actors(v, actors)).collect(),
        Value::Object(fields) => {
            let named = fields.into_iter().map(|(k, v)| (k, name_actors(v, actors)));
            Value::Object(named.collect())
        }
        other => other,
    }
}
