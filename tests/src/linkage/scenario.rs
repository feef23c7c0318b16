//! Which defences are on.

/// A game's defences: how workers behave, and which artifacts are deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub name: &'static str,
    /// Whether workers send a page in every round.
    pub cover: bool,
    pub billing: &'static str,
    pub rewards: &'static str,
}

const fn scenario(
    name: &'static str,
    cover: bool,
    billing: &'static str,
    rewards: &'static str,
) -> Scenario {
    Scenario {
        name,
        cover,
        billing,
        rewards,
    }
}

/// As it should be.
pub const ALL_ON: Scenario = scenario("all defences", true, "billing", "rewards");
/// Neither cover traffic nor mixing.
pub const NO_MIXING_NO_COVER: Scenario = scenario(
    "neither cover nor mixing",
    false,
    "billing-leak-p4",
    "rewards",
);

/// Every game of the report: all on, each off alone, and as much off as one artifact per contract
/// allows.
pub const SCENARIOS: [Scenario; 8] = [
    ALL_ON,
    scenario("no cover traffic", false, "billing", "rewards"),
    scenario(
        "no mixing, no decoys (P4)",
        true,
        "billing-leak-p4",
        "rewards",
    ),
    scenario("no flat gas (P2)", true, "billing-leak-p2", "rewards"),
    scenario(
        "no slot discipline (P3)",
        true,
        "billing-leak-p3",
        "rewards",
    ),
    scenario(
        "no uniform earnings rows (P5)",
        true,
        "billing",
        "rewards-leak-p5",
    ),
    NO_MIXING_NO_COVER,
    scenario(
        "no cover, no P4, no P5",
        false,
        "billing-leak-p4",
        "rewards-leak-p5",
    ),
];
