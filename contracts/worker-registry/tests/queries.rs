//! Pages of workers, keys in batches.

mod common;

use common::{refused, Boot, Suite, Tee};
use secret_ai_interface::registry::*;
use secret_ai_interface::Hex;

#[test]
fn workers_come_in_pages_in_order_of_registration() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    let mut ids = Vec::new();
    for (tee, names) in [
        (suite.tee.clone(), ["1", "2"]),
        (Tee::other_platform(), ["3", "4"]),
    ] {
        for name in names {
            suite.app.advance(1);
            ids.push(
                suite
                    .register_on(&tee, &alice, None, &Boot::new(name))
                    .unwrap()
                    .worker_id,
            );
        }
    }
    let page = |start, limit| {
        let msg = QueryMsg::Workers { start, limit };
        let WorkersAnswer { workers, total } = suite.ask(msg).unwrap();
        assert_eq!(total, 4);
        workers
            .into_iter()
            .map(|worker| worker.worker_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(page(None, None), ids);
    assert_eq!(page(Some(1), Some(2)), ids[1..3]);
    assert_eq!(page(Some(3), Some(30)), ids[3..]);
    assert_eq!(page(Some(4), None), []);
    assert_eq!(page(Some(u32::MAX), None), []);
    let too_many = QueryMsg::Workers {
        start: None,
        limit: Some(31),
    };
    refused(suite.ask::<WorkersAnswer>(too_many), "range");
}

#[test]
fn kids_are_answered_in_the_order_asked() {
    let mut suite = Suite::new();
    let (alice, boot) = (suite.user("alice"), Boot::new("1"));
    suite.register(&alice, &boot).unwrap();
    let ask = |kids| {
        suite
            .ask::<KidsAnswer>(QueryMsg::Kids { kids })
            .map(|answer| answer.kids)
    };
    let found = ask(vec![Hex([9; 20]), boot.kid(), Hex([8; 20])]).unwrap();
    assert!(found[0].is_none() && found[2].is_none());
    assert_eq!(found[1].as_ref().unwrap().receipt_pk, boot.receipt_pk);
    assert_eq!(ask(vec![]).unwrap().len(), 0);
    assert_eq!(ask(vec![boot.kid(); 32]).unwrap().len(), 32);
    refused(ask(vec![boot.kid(); 33]), "count");
}

#[test]
fn an_unknown_worker_is_an_error() {
    let suite = Suite::new();
    let msg = QueryMsg::Worker {
        worker_id: Hex([7; 16]),
    };
    refused(suite.ask::<WorkerAnswer>(msg), "unknown_worker_id");
}

#[test]
fn rows_have_one_size_per_slot() {
    let mut suite = Suite::new();
    let alice = suite.user("alice");
    suite.register(&alice, &Boot::new("1")).unwrap();
    suite.app.advance(5);
    suite.register(&alice, &Boot::new("2")).unwrap();
    let sizes = |prefix: &str| -> Vec<usize> {
        let rows = suite.app.storage(&suite.registry);
        let rows = rows
            .iter()
            .filter(|(key, _)| key.starts_with(prefix.as_bytes()));
        rows.map(|(_, value)| value.len()).collect()
    };
    assert_eq!(sizes("kid/"), [314, 314]);
    assert_eq!(sizes("worker/"), [65, 65]);
    // As many seats as are taken: who runs where is public.
    assert_eq!(sizes("seats/"), [2 * 28]);
    assert!(sizes("challenge/").is_empty());
}
