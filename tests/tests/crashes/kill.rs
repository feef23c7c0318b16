//! `kill -9` of the agent in a stream of requests, again and again.

use std::time::Duration;

use secret_ai_tests::process::within;
use secret_ai_tests::stage::{Failure, Stage};

use crate::client::{session, Client};

/// A session pays four receipt keys, so the agent boots four times.
const CRASHES: u64 = 3;
const CLIENTS: usize = 3;

#[tokio::test]
async fn a_killed_agent_charges_nothing_twice_and_loses_no_receipt_that_a_client_holds() {
    let mut stage = Stage::set().await.unwrap();
    stage.start_agent().await.unwrap();
    let client = Client::open(&stage).unwrap();
    for crash in 1..=CRASHES {
        let asking: Vec<_> = (0..CLIENTS)
            .map(|_| tokio::spawn(client.clone().ask_on()))
            .collect();
        while client.answers() < crash * 8 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stage.kill_agent().unwrap();
        for asking in asking {
            asking.await.unwrap();
        }
        stage.start_agent().await.unwrap();
    }
    for _ in 0..4 {
        assert!(client.ask().await);
    }
    assert_eq!(client.keys(), 4);

    // Anybody may hand in what the client holds; the agent hands in what its journal has.
    client.hand_in(&stage).await.unwrap();
    let (least, most) = client.worth();
    let paid = || async {
        let paid = session(&stage).await?.paid.u128();
        match paid >= least {
            true => Ok::<_, Failure>(paid),
            false => Err(format!("{paid} paid, the receipts are worth {least}").into()),
        }
    };
    within(Duration::from_secs(120), paid).await.unwrap();
    // Some more rounds: whatever goes twice is paid once.
    client.hand_in(&stage).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let answer = session(&stage).await.unwrap();
    let paid = answer.paid.u128();
    println!(
        "{least} held, {paid} paid, {most} at most, {} keys",
        answer.keys.len()
    );
    assert!(
        (least..=most).contains(&paid),
        "{least} <= {paid} <= {most}"
    );
    assert_eq!(answer.keys.len(), 4);
}
