//! Says what is going on whenever it takes longer than a moment.

use std::future::Future;
use std::time::Duration;

use indicatif::ProgressBar;

/// Runs `work`; shows a spinner with `what` on standard error if it takes over half a second.
pub async fn show<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep(Duration::from_millis(500)) => {}
    }
    let spinner = ProgressBar::new_spinner().with_message(what.to_string());
    spinner.enable_steady_tick(Duration::from_millis(120));
    let done = work.await;
    spinner.finish_and_clear();
    done
}
