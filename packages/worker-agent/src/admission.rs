//! Who may work now: a session within its limits gets one of the places, or waits for one a little.

use std::sync::Arc;

use axum::http::{header, HeaderMap};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::agent::Limits;
use crate::clock::Clock;
use crate::error::ApiError;
use crate::limits::LimitsConfig;
use crate::session::Session;

/// The places for requests in progress, and the queue before them.
pub struct Admission {
    limits: LimitsConfig,
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
    queue: Semaphore,
    most: usize,
}

/// A place for one request; it is free again when this is dropped.
pub struct Place {
    session: Arc<Session>,
    limits: LimitsConfig,
    clock: Arc<dyn Clock>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Admission {
    /// All places are free.
    pub fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        Admission {
            limits: limits.rates,
            clock,
            places: Arc::new(Semaphore::new(limits.max_requests)),
            queue: Semaphore::new(limits.rates.queue),
            most: limits.max_requests,
        }
    }

    /// Gives a request of this session a place, perhaps after a while.
    ///
    /// # Errors
    /// 429 if the session goes too fast, 503 if there is no place, now or within `queue_ms`.
    pub async fn enter(&self, session: &Arc<Session>) -> Result<Place, ApiError> {
        let now = self.clock.uptime();
        {
            let mut state = session.state();
            if let Err(exceeded) = state.pace.enter(&self.limits, now) {
                let retry = exceeded.retry_after_s.to_string();
                let error = ApiError::too_many(exceeded.message);
                let error = error.with_header(header::RETRY_AFTER, &retry);
                return Err(error.with_headers(state.pace.headers(&self.limits, now)));
            }
        }
        // From here on the session counts this request, until the place is dropped.
        let mut place = Place {
            session: session.clone(),
            limits: self.limits,
            clock: self.clock.clone(),
            permit: None,
        };
        place.permit = Some(match self.places.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.wait().await?,
        });
        Ok(place)
    }

    async fn wait(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let busy = || ApiError::busy("all places for requests are taken");
        let _turn = self.queue.try_acquire().map_err(|_| busy())?;
        let permit = timeout(self.limits.patience(), self.places.clone().acquire_owned()).await;
        permit.map_err(|_| busy())?.map_err(|_| busy())
    }

    /// Requests that have a place.
    pub fn running(&self) -> usize {
        self.most.saturating_sub(self.places.available_permits())
    }

    /// Requests that wait for one.
    pub fn waiting(&self) -> usize {
        let free = self.queue.available_permits();
        self.limits.queue.saturating_sub(free)
    }
}

impl Place {
    /// The request has used so many tokens.
    pub fn used(&self, tokens: u64) {
        let now = self.clock.uptime();
        self.session.state().pace.used(tokens, &self.limits, now);
    }

    /// What the client is told about its session's limits.
    pub fn headers(&self) -> HeaderMap {
        let now = self.clock.uptime();
        self.session.state().pace.headers(&self.limits, now)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.session.state().pace.leave();
    }
}
