//! Counting, reserving and budgets: the rules that need no network, with random actions.

use proptest::prelude::*;
use secret_ai_engine::Tokens;
use secret_ai_interface::billing::Line;
use secret_ai_interface::Unit;
use secret_ai_worker_agent::budget::{reserve, Refusal, Wish, LEAST_OUTPUT};
use secret_ai_worker_agent::count::{Meter, TokenLimit};
use secret_ai_worker_agent::ledger::{AckRefused, Earlier, Ledger, Own, Shortage, Terms};
use secret_ai_worker_agent::usage::Usage;

fn line(model: &str, unit: Unit, rate: u64) -> Line {
    Line {
        model: model.into(),
        unit,
        rate,
    }
}

fn ledger(rates: &[u64], cap: u128, slack: u128) -> Ledger {
    let terms = Terms {
        rates: rates.to_vec(),
        cap,
        slack,
    };
    Ledger::new(terms, Earlier::default(), Own::default())
}

/// One base unit per unit of work.
const ONE: u64 = 1_000_000;

#[test]
fn units_go_to_the_lines_of_the_model() {
    let lines = [
        line("other", Unit::Input, 1),
        line("m", Unit::Output, 1),
        line("m", Unit::CachedInput, 1),
        line("m", Unit::Request, 1),
        line("m", Unit::Input, 1),
        line("other", Unit::Output, 1),
    ];
    let usage = Usage {
        prompt_tokens: 100,
        cached_tokens: 30,
        completion_tokens: 7,
        ..Usage::default()
    };
    let meter = Meter::new(&lines, "m").unwrap();
    assert_eq!(meter.units(usage), [0, 7, 30, 1, 70, 0]);
    // Reported cached tokens beyond the prompt never make the input negative.
    let odd = Usage {
        prompt_tokens: 5,
        cached_tokens: 9,
        completion_tokens: 0,
        ..Usage::default()
    };
    assert_eq!(meter.units(odd), [0, 0, 5, 1, 0, 0]);
}

#[test]
fn missing_lines_are_named() {
    let only_input = [line("m", Unit::Input, 1)];
    assert_eq!(Meter::new(&only_input, "m").unwrap_err(), Unit::Output);
    assert_eq!(Meter::new(&only_input, "x").unwrap_err(), Unit::Input);
}

#[test]
fn cached_tokens_are_free_without_a_line() {
    let lines = [line("m", Unit::Input, 1), line("m", Unit::Output, 1)];
    let usage = Usage {
        prompt_tokens: 10,
        cached_tokens: 4,
        completion_tokens: 3,
        ..Usage::default()
    };
    assert_eq!(Meter::new(&lines, "m").unwrap().units(usage), [6, 3]);
}

#[test]
fn the_dearer_of_input_and_cached_input_is_reserved() {
    let cheap = [
        line("m", Unit::Input, 9),
        line("m", Unit::Output, 1),
        line("m", Unit::CachedInput, 2),
    ];
    let dear = [
        line("m", Unit::Input, 1),
        line("m", Unit::Output, 1),
        line("m", Unit::CachedInput, 2),
    ];
    let limit = TokenLimit {
        prompt: 50,
        output: 5,
    };
    assert_eq!(Meter::new(&cheap, "m").unwrap().worst(limit), [50, 5, 0]);
    assert_eq!(Meter::new(&dear, "m").unwrap().worst(limit), [0, 5, 50]);
}

#[test]
fn a_shortage_says_what_is_needed_and_what_is_there() {
    let mut books = ledger(&[ONE], 100, 100);
    let held = books.reserve(vec![80]).unwrap();
    assert_eq!(
        books.check(&[21]),
        Err(Shortage::Cap {
            needed: 21,
            available: 20
        })
    );
    assert_eq!(books.check(&[20]), Ok(()));
    books.commit(held, vec![10]);
    assert_eq!(books.spent(), 10);
    assert_eq!(
        books.check(&[91]),
        Err(Shortage::Cap {
            needed: 91,
            available: 90
        })
    );
}

#[test]
fn slack_is_the_credit_without_acks() {
    let mut books = ledger(&[ONE], 100, 10);
    let held = books.reserve(vec![10]).unwrap();
    assert_eq!(
        books.check(&[1]),
        Err(Shortage::Slack {
            needed: 1,
            available: 0
        })
    );
    books.commit(held, vec![8]);
    assert_eq!(
        books.check(&[3]),
        Err(Shortage::Slack {
            needed: 3,
            available: 2
        })
    );
    books.acknowledge(1, 8).unwrap();
    assert_eq!(books.check(&[10]), Ok(()));
    assert_eq!(
        books.acknowledge(2, 8),
        Err(AckRefused::Seq { seq: 2, newest: 1 })
    );
    assert_eq!(
        books.acknowledge(1, 9),
        Err(AckRefused::Amount {
            amount: 9,
            spent: 8
        })
    );
    // An older, smaller ack takes nothing back.
    books.acknowledge(0, 0).unwrap();
    assert_eq!(books.own().acked, 8);
}

#[test]
fn earlier_boots_use_up_cap_and_slack() {
    let terms = Terms {
        rates: vec![ONE],
        cap: 100,
        slack: 20,
    };
    let books = Ledger::new(
        terms,
        Earlier {
            amount: 90,
            unacked: 15,
        },
        Own::default(),
    );
    assert_eq!(books.check(&[5]), Ok(()));
    assert_eq!(
        books.check(&[6]),
        Err(Shortage::Slack {
            needed: 6,
            available: 5
        })
    );
    assert_eq!(
        books.check(&[11]),
        Err(Shortage::Cap {
            needed: 11,
            available: 10
        })
    );
}

#[test]
fn a_session_is_rounded_up_once() {
    // Three requests of a third of a base unit each cost 1 together, not 3.
    let mut books = ledger(&[1], 1, 1);
    for _ in 0..3 {
        let held = books.reserve(vec![333_333]).unwrap();
        books.commit(held, vec![333_333]);
    }
    assert_eq!(books.spent(), 1);
    assert!(books.check(&[2]).is_err());
}

#[test]
fn counters_stay_below_their_bound() {
    let books = ledger(&[0], 1, 1);
    assert_eq!(books.check(&[1 << 56]), Err(Shortage::Counters));
    assert_eq!(books.check(&[(1 << 56) - 1]), Ok(()));
}

fn chat_lines() -> [Line; 2] {
    [line("m", Unit::Input, ONE), line("m", Unit::Output, ONE)]
}

fn wish(prompt: u64, max_tokens: Option<u64>, max_charge: Option<u128>) -> Wish {
    Wish {
        prompt: Tokens {
            count: prompt,
            exact: true,
        },
        context: 1_000,
        max_tokens,
        choices: 1,
        max_charge,
    }
}

#[test]
fn without_max_tokens_the_longest_affordable_answer_is_allowed() {
    let meter = Meter::new(&chat_lines(), "m").unwrap();
    let get = |cap| {
        let budget = reserve(
            &mut ledger(&[ONE, ONE], cap, cap),
            &meter,
            &wish(100, None, None),
        );
        budget.map(|b| b.max_tokens)
    };
    assert_eq!(get(10_000), Ok(Some(900)));
    assert_eq!(get(350), Ok(Some(250)));
    assert_eq!(get(116), Ok(Some(LEAST_OUTPUT)));
    let shortage = Shortage::Cap {
        needed: 116,
        available: 115,
    };
    assert_eq!(get(115), Err(Refusal::Session { source: shortage }));
}

#[test]
fn max_tokens_is_not_shortened_by_the_session_but_by_max_charge() {
    let meter = Meter::new(&chat_lines(), "m").unwrap();
    let get = |cap, max_tokens, max_charge| {
        let wish = wish(100, Some(max_tokens), max_charge);
        reserve(&mut ledger(&[ONE, ONE], cap, cap), &meter, &wish).map(|b| b.max_tokens)
    };
    assert_eq!(get(150, 50, None), Ok(Some(50)));
    assert!(matches!(get(149, 50, None), Err(Refusal::Session { .. })));
    assert_eq!(get(1_000, 50, Some(130)), Ok(Some(30)));
    let refused = Refusal::MaxCharge {
        needed: 116,
        available: 115,
    };
    assert_eq!(get(1_000, 50, Some(115)), Err(refused));
    // Fewer than 16 are fine if the client asked for fewer.
    assert_eq!(get(1_000, 3, Some(103)), Ok(Some(3)));
    assert!(get(1_000, 3, Some(102)).is_err());
}

#[test]
fn a_bound_above_the_context_does_not_refuse_the_prompt() {
    let meter = Meter::new(&chat_lines(), "m").unwrap();
    let mut books = ledger(&[ONE, ONE], 10_000, 10_000);
    let budget = reserve(&mut books, &meter, &wish(5_000, None, None)).unwrap();
    assert_eq!(budget.max_tokens, Some(LEAST_OUTPUT));
    assert_eq!(budget.limit.prompt, 1_000);
}

/// A bound counts bytes, so most prompts are far below it: it must not cut answers short, and the model's
/// context bounds prompt and answer together.
#[test]
fn a_bound_does_not_shorten_an_answer_and_the_dearer_split_is_reserved() {
    let reserved = |rates: [u64; 2], cap: u128, bound: u64| {
        let lines = [
            line("m", Unit::Input, rates[0]),
            line("m", Unit::Output, rates[1]),
        ];
        let meter = Meter::new(&lines, "m").unwrap();
        let mut books = ledger(&rates, cap, cap);
        let mut wish = wish(bound, None, None);
        wish.prompt.exact = false;
        let budget = reserve(&mut books, &meter, &wish).unwrap();
        let left = (0..=cap).rev().find(|units| {
            let units = u64::try_from(*units).unwrap();
            books.check(&[0, units]).is_ok() || rates[1] == 0
        });
        (budget.max_tokens, budget.limit.output, cap - left.unwrap())
    };
    // 800 bytes: 800 + 200 tokens, or 200 + 800, whichever is dearer.
    assert_eq!(reserved([ONE, ONE], 2_000, 800), (None, 800, 1_000));
    assert_eq!(reserved([ONE, 2 * ONE], 4_000, 800).1, 800);
    // What the session can pay is told to the engine, and leaves room for nearly every prompt.
    assert_eq!(
        reserved([ONE, 2 * ONE], 1_500, 800),
        (Some(500), 500, 1_500)
    );
    // Hardly any prompt has as many tokens as bytes: one of 400 leaves 600 tokens.
    assert_eq!(reserved([ONE, 2 * ONE], 1_790, 800).0, Some(600));
}

#[derive(Clone, Debug)]
enum Action {
    Reserve(Vec<u64>),
    /// Which of the open reservations, and what was used.
    Commit(prop::sample::Index, Vec<u64>),
    Release(prop::sample::Index),
    Ack(u64, u128),
}

fn action() -> impl Strategy<Value = Action> {
    let units = || prop::collection::vec(0u64..400, 3);
    prop_oneof![
        4 => units().prop_map(Action::Reserve),
        4 => (any::<prop::sample::Index>(), units()).prop_map(|(i, u)| Action::Commit(i, u)),
        1 => any::<prop::sample::Index>().prop_map(Action::Release),
        2 => (0u64..20, 0u128..2_000).prop_map(|(s, a)| Action::Ack(s, a)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    /// Whatever engines report and whatever order things happen in: what is counted is payable.
    #[test]
    fn counted_and_reserved_is_always_payable(
        rates in prop::collection::vec(0u64..3 * ONE, 3),
        cap in 0u128..3_000,
        slack in 0u128..3_000,
        earlier in 0u128..500,
        actions in prop::collection::vec(action(), 0..60),
    ) {
        let slack = slack.min(cap);
        let earlier = Earlier { amount: earlier.min(cap), unacked: earlier.min(slack) };
        let terms = Terms { rates, cap, slack };
        let mut books = Ledger::new(terms, earlier, Own::default());
        let mut open = Vec::new();
        let mut before = books.own().clone();
        for action in actions {
            match action {
                Action::Reserve(units) => open.extend(books.reserve(units).ok()),
                Action::Commit(at, used) if !open.is_empty() => {
                    let counted = books.commit(open.swap_remove(at.index(open.len())), used);
                    prop_assert_eq!(books.own().seq, before.seq + 1);
                    for ((new, old), units) in books.own().counters.iter().zip(&before.counters).zip(counted) {
                        prop_assert_eq!(*new, old + units);
                    }
                }
                Action::Release(at) if !open.is_empty() => {
                    books.release(open.swap_remove(at.index(open.len())));
                }
                Action::Ack(seq, amount) => {
                    let _ = books.acknowledge(seq, amount);
                }
                _ => {}
            }
            let (own, spent) = (books.own().clone(), books.spent());
            let unacked = earlier.unacked + (spent - own.acked);
            let acked = earlier.amount - earlier.unacked + own.acked;
            prop_assert!(own.acked <= spent);
            // I2 and I3 of docs/protocol.md, with what the contract pays for these receipts.
            prop_assert!(earlier.amount + spent <= cap);
            prop_assert_eq!(acked + unacked.min(slack), earlier.amount + spent);
            // I4.
            prop_assert!(own.seq >= before.seq && own.acked >= before.acked);
            before = own;
        }
        for held in open {
            books.release(held);
        }
        // Nothing stays reserved.
        prop_assert_eq!(books.price(&[0, 0, 0]), Some(0));
        let room = (cap - earlier.amount - books.spent()).min(
            slack.saturating_sub(earlier.unacked + books.spent() - books.own().acked),
        );
        prop_assert!(books.check(&[0, 0, 0]).is_ok(), "{}", room);
    }

    /// An engine may report anything: the bill stays within what was reserved.
    #[test]
    fn bills_never_exceed_reservations(
        prompt in 0u64..5_000, cached in 0u64..5_000, output in 0u64..5_000,
        limit_prompt in 0u64..1_000, limit_output in 0u64..1_000,
        rates in prop::collection::vec(0u64..3 * ONE, 4),
    ) {
        let units = [Unit::Input, Unit::CachedInput, Unit::Output, Unit::Request];
        let lines: Vec<_> = units.into_iter().zip(&rates).map(|(u, r)| line("m", u, *r)).collect();
        let meter = Meter::new(&lines, "m").unwrap();
        let limit = TokenLimit { prompt: limit_prompt, output: limit_output };
        let usage = Usage { prompt_tokens: prompt, cached_tokens: cached, completion_tokens: output, ..Usage::default() };
        let books = ledger(&rates, 1, 1);
        let bill = books.price(&meter.units(limit.clamp(usage))).unwrap();
        prop_assert!(bill <= books.price(&meter.worst(limit)).unwrap());
    }

    /// The budget found is the largest that fits.
    #[test]
    fn budgets_are_the_largest_that_fit(
        prompt in 0u64..900, cap in 0u128..2_500, max_charge in prop::option::of(0u128..2_500),
        input in 0u64..3 * ONE, output in 1u64..3 * ONE,
    ) {
        let lines = [line("m", Unit::Input, input), line("m", Unit::Output, output)];
        let meter = Meter::new(&lines, "m").unwrap();
        let fits = |t: u64| {
            let books = ledger(&[input, output], cap, cap);
            let units = meter.worst(TokenLimit { prompt, output: t });
            books.check(&units).is_ok() && max_charge.is_none_or(|m| books.price(&units).unwrap() <= m)
        };
        let mut books = ledger(&[input, output], cap, cap);
        match reserve(&mut books, &meter, &wish(prompt, None, max_charge)) {
            Ok(budget) => {
                let max_tokens = budget.max_tokens.unwrap();
                prop_assert!(fits(max_tokens));
                prop_assert!(max_tokens == 1_000 - prompt || !fits(max_tokens + 1));
            }
            Err(_) => prop_assert!(!fits(LEAST_OUTPUT)),
        }
    }
}
