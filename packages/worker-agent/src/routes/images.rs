//! `POST /v1/images/generations`: counted in pictures that came, in units of 1024 × 1024 pixels.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use secret_ai_engine::{Endpoint, Engine, EngineError, ImageRequest, ModelInfo};
use serde::de::IgnoredAny;
use serde::Deserialize;

use super::body::BodyKind;
use super::plain::{protocol, serve, Finished, Raw, Task};
use crate::agent::Agent;
use crate::count::Counts;
use crate::error::ApiError;
use crate::fields;
use crate::whole::MAX_WHOLE;

/// Most bytes of 1024 × 1024 pixels: four each, in base64, and some more.
const UNIT_BYTES: usize = 6 << 20;

/// `POST /v1/images/generations`.
pub async fn create(
    State(agent): State<Arc<Agent>>,
    request: Request,
) -> Result<Response, ApiError> {
    serve(agent, request, |_, body| {
        let request = ImageRequest::from_json(body)?;
        fields::check(Endpoint::Images, &request.extra)?;
        let units = request.units_per_picture()?;
        Ok(Images { request, units })
    })
    .await
}

struct Images {
    request: ImageRequest,
    /// Units of one picture.
    units: u64,
}

/// As much of an answer as has to be looked into.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<Picture<'a>>,
    #[serde(default)]
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Picture<'a> {
    #[serde(borrow, default)]
    b64_json: Option<Cow<'a, str>>,
}

impl Images {
    fn counts(&self, pictures: u64) -> Counts {
        Counts {
            image: pictures.saturating_mul(self.units),
            ..Counts::default()
        }
    }
}

impl Task for Images {
    const BODY: BodyKind = BodyKind::Json;

    fn endpoint(&self) -> Endpoint {
        Endpoint::Images
    }

    fn model(&self) -> &str {
        &self.request.model
    }

    fn worst(&self, _model: &ModelInfo) -> Counts {
        self.counts(self.request.pictures().into())
    }

    fn most_bytes(&self) -> usize {
        let units = self.counts(self.request.pictures().into()).image;
        let bytes = usize::try_from(units).map(|units| units.saturating_mul(UNIT_BYTES));
        bytes.map_or(MAX_WHOLE, |bytes| bytes.max(MAX_WHOLE))
    }

    fn to_engine(&self, model: &str) -> Result<(String, Bytes), ApiError> {
        let mut request = self.request.clone();
        model.clone_into(&mut request.model);
        Ok(("application/json".to_owned(), request.into_body()?))
    }

    fn finish(&self, raw: Raw, _engine: &dyn Engine) -> Result<Finished, EngineError> {
        let answer: Answer =
            serde_json::from_slice(&raw.body).map_err(|_| protocol("not pictures"))?;
        if answer.error.is_some() {
            return Err(protocol("an error in the place of an answer"));
        }
        let there = |picture: &&Picture| picture.b64_json.as_ref().is_some_and(|b| !b.is_empty());
        let pictures = answer.data.iter().filter(there).count() as u64;
        if pictures == 0 {
            return Err(protocol("no pictures in the answer"));
        }
        let counts = self.counts(pictures);
        drop(answer);
        Ok(Finished {
            counts,
            estimated: false,
            content_type: "application/json",
            body: raw.body,
        })
    }
}
