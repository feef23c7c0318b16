//! The two-worlds test (docs/privacy.md): two histories of the chain that differ only in secrets must
//! look the same to everybody from whom the secrets are to be kept.
//!
//! [`list::pairs`] says what differs between the two worlds of each pair; a [`stage::Stage`] plays
//! both on the devnet with the contracts' wasm; [`difference::first`] says where what was seen of
//! them parts. Compared are
//! * the observer's view of the whole history ([`view`]): senders, calls, lengths, gas, slots, events;
//! * what the sender of `finalize` can decrypt, sealed blobs by their lengths ([`readable`]);
//! * the answers that somebody without the right gets to queries.
//!
//! The devnet draws all randomness from its seed, the height, the contract and a counter, so both
//! worlds draw the same: what differs comes from the secrets.

pub mod difference;
pub mod hidden;
pub mod life;
pub mod list;
pub mod queries;
pub mod readable;
pub mod scene;
pub mod served;
pub mod stage;
pub mod view;
pub mod work;

/// One of the two worlds of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    A,
    B,
}

impl World {
    /// `a` in world A, `b` in world B.
    pub fn pick<T>(self, a: T, b: T) -> T {
        match self {
            World::A => a,
            World::B => b,
        }
    }
}

/// Whether the choice of sessions that `finalize` touches is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// It must be the same in both worlds.
    Same,
    /// The worlds pay different sessions, so one world's session is at best the other's decoy, and
    /// what is drawn after the decoys differs: the order in which `credit` names the operators. All but
    /// the names of the sessions' slots touched in `finalize` and that order must be the same; what
    /// these names give away is measured, not excluded: docs/linkage.md.
    Decoys,
}

/// What happens in a world.
type Scenario = Box<dyn Fn(&mut scene::Scene, World)>;

/// Two worlds that must look the same.
pub struct Pair {
    /// What differs, world A's before world B's.
    pub name: String,
    pub touched: Touched,
    scenario: Scenario,
}

impl Pair {
    /// A pair of which the scenario plays either world.
    pub fn new(
        name: impl Into<String>,
        scenario: impl Fn(&mut scene::Scene, World) + 'static,
    ) -> Pair {
        Pair {
            name: name.into(),
            touched: Touched::Same,
            scenario: Box::new(scenario),
        }
    }

    /// The same pair, with different sessions paid in its worlds.
    pub fn with_decoys(self) -> Pair {
        Pair {
            touched: Touched::Decoys,
            ..self
        }
    }
}
