//! A day of synthetic traffic: who lists what, who opens what when, and when it is used.

use super::prng::Prng;
use super::trace::Choice;

/// Names of different lengths: a name's length must not show.
pub const MODELS: [&str; 5] = [
    "llama-3.3-70b-instruct-q8",
    "gemma",
    "deepseek-r1-distill-qwen-32b-long-context",
    "whisper-large",
    "qwen2.5-coder",
];
/// Mean time that a session is in use, in seconds.
const LIFE_S: f64 = 3.5 * 3_600.0;
/// Mean lengths of a burst of use and of the pause after it, in rounds.
const BURST: f64 = 2.0;
const PAUSE: f64 = 3.0;

/// How large a game is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub users: usize,
    /// Sessions that the adversary opens with each worker.
    pub own_each: usize,
    pub workers: usize,
    /// At most as many as [`MODELS`].
    pub models: usize,
    /// Rounds of settlement; each is an epoch.
    pub rounds: usize,
    /// Length of a round in seconds.
    pub round_s: u64,
}

/// A day: 100 users, 20 workers, 5 models, 48 rounds of half an hour.
pub const FULL: Size = Size {
    users: 100,
    own_each: 3,
    workers: 20,
    models: 5,
    rounds: 48,
    round_s: 1_800,
};

/// Small enough for a test.
pub const SMALL: Size = Size {
    users: 24,
    own_each: 4,
    workers: 8,
    models: 3,
    rounds: 16,
    round_s: 1_800,
};

/// Who offers what, and how popular it is.
pub struct Market {
    /// Models of each worker.
    pub lists: Vec<Vec<usize>>,
    /// Share of each model among the sessions.
    pub model_shares: Vec<f64>,
    /// Popularity of each worker among those that list a model.
    pub weights: Vec<f64>,
}

impl Market {
    /// Every worker lists one or two models; neither models nor workers are equally popular.
    fn new(size: &Size, prng: &mut Prng) -> Market {
        let power = |n: usize, exponent: f64| -> Vec<f64> {
            (1..=n).map(|i| (i as f64).powf(-exponent)).collect()
        };
        let second = |w: usize| (w % size.models + 1 + w % (size.models - 1)) % size.models;
        let list = |w: usize| match w % 2 {
            0 => vec![w % size.models],
            _ => vec![w % size.models, second(w)],
        };
        let mut weights = power(size.workers, 0.5);
        prng.shuffle(&mut weights);
        Market {
            lists: (0..size.workers).map(list).collect(),
            model_shares: normalised(power(size.models, 0.5)),
            weights,
        }
    }

    /// `joint[w][m]`: share of the sessions that ask worker w for model m.
    pub fn joint(&self) -> Vec<Vec<f64>> {
        let demand = |model: usize| self.candidates(model).iter().sum::<f64>();
        let totals: Vec<f64> = (0..self.model_shares.len()).map(demand).collect();
        let cell = |w: usize, m: usize| match self.lists[w].contains(&m) {
            true => self.model_shares[m] * self.weights[w] / totals[m],
            false => 0.0,
        };
        let row = |w: usize| (0..totals.len()).map(|m| cell(w, m)).collect();
        (0..self.lists.len()).map(row).collect()
    }

    /// Weight of each worker for a model; 0 if it does not list it.
    fn candidates(&self, model: usize) -> Vec<f64> {
        let lists = self.lists.iter().zip(&self.weights);
        lists
            .map(|(list, weight)| if list.contains(&model) { *weight } else { 0.0 })
            .collect()
    }
}

/// Scaled so that the sum is 1.
pub fn normalised(mut weights: Vec<f64>) -> Vec<f64> {
    let total: f64 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= total);
    weights
}

/// A session to be opened and used.
pub struct Session {
    /// Name of the wallet.
    pub wallet: String,
    /// Whether it is the adversary's.
    pub own: bool,
    pub choice: Choice,
    /// Seconds after the day's begin.
    pub opens_s: u64,
    /// Whether it is used in each round from the first one on.
    pub active: Vec<bool>,
    /// Whether the owner closes it after its last use and reclaims the rest.
    pub closes: bool,
}

/// Everything that will happen.
pub struct Plan {
    pub size: Size,
    pub market: Market,
    /// In the order in which they are opened.
    pub sessions: Vec<Session>,
    /// Place of each worker in the round: agents settle at a fixed time of every round.
    pub turns: Vec<usize>,
    /// What is drawn while the day is lived.
    pub seed: u64,
}

impl Plan {
    /// Follows from size and seed.
    pub fn new(size: Size, seed: u64) -> Plan {
        let mut prng = Prng::new(seed);
        let market = Market::new(&size, &mut prng);
        let day_s = (size.rounds as u64 * size.round_s) as f64;
        let mut sessions = Vec::new();
        for user in 0..size.users {
            let mut opens_s = 0.0;
            for _ in 0..1 + prng.below(3) {
                opens_s = (opens_s + prng.wait(day_s / 4.0)) % (0.8 * day_s);
                let model = prng.choose(&market.model_shares);
                let worker = prng.choose(&market.candidates(model));
                let choice = Choice { worker, model };
                let wallet = format!("user {user}");
                sessions.push(session(&size, &mut prng, wallet, false, choice, opens_s));
            }
        }
        for turn in 0..size.own_each {
            for (worker, list) in market.lists.iter().enumerate() {
                let model = list[turn % list.len()];
                let opens_s = prng.unit() * 0.7 * day_s;
                let choice = Choice { worker, model };
                let wallet = format!("own user {turn}");
                sessions.push(session(&size, &mut prng, wallet, true, choice, opens_s));
            }
        }
        sessions.sort_by_key(|session| session.opens_s);
        let mut turns: Vec<usize> = (0..size.workers).collect();
        prng.shuffle(&mut turns);
        Plan {
            size,
            market,
            sessions,
            turns,
            seed: prng.draw(),
        }
    }

    /// All wallets that open sessions, each once, with the number of sessions.
    pub fn wallets(&self) -> Vec<(String, usize)> {
        let mut wallets = std::collections::BTreeMap::new();
        for session in &self.sessions {
            *wallets.entry(session.wallet.clone()).or_insert(0) += 1;
        }
        wallets.into_iter().collect()
    }
}

fn session(
    size: &Size,
    prng: &mut Prng,
    wallet: String,
    own: bool,
    choice: Choice,
    opens_s: f64,
) -> Session {
    let round_s = size.round_s as f64;
    let first = (opens_s / round_s) as usize;
    let end = ((opens_s + prng.wait(LIFE_S).max(round_s)) / round_s) as usize;
    let mut active = vec![false; size.rounds];
    let (mut at, mut busy) = (first as f64, true);
    while (at as usize) <= end.min(size.rounds - 1) {
        let mean = if busy { BURST } else { PAUSE };
        let until = at + prng.wait(mean).max(1.0);
        let last = (until.ceil() as usize).min(end + 1).min(size.rounds);
        active[at as usize..last].fill(busy);
        (at, busy) = (until.ceil(), !busy);
    }
    Session {
        wallet,
        own,
        choice,
        opens_s: opens_s as u64,
        active,
        closes: prng.below(3) == 0,
    }
}
