use std::future::{Ready, ready};

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload};
use docent::ResourceId;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::ApiError;

/// Extracts the query string. A repeatable parameter deserialises into a list.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = serde_html_form::from_str(request.query_string());
        ready(parsed.map(Self).map_err(|error| ApiError::invalid_query(error).into()))
    }
}

/// Extracts the percent-encoded resource id of the path. The id may contain any character,
/// including slashes.
#[derive(Debug)]
pub struct PathId(pub ResourceId);

impl FromRequest for PathId {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(path_id(request).map(Self).map_err(Into::into))
    }
}

fn path_id(request: &HttpRequest) -> Result<ResourceId, ApiError> {
    // The router replaces bytes that are not UTF-8, so the raw path is checked first.
    percent_decode_str(request.uri().path()).decode_utf8().map_err(|_| ApiError::invalid_path())?;
    // A route without the parameter `{id}` is the literal path of one resource id.
    let last_segment = request.path().rsplit('/').next().unwrap_or_default();
    let segment = request.match_info().get("id").unwrap_or(last_segment);
    let id = percent_decode_str(segment).decode_utf8().map_err(|_| ApiError::invalid_path())?;
    Ok(ResourceId::new(id)?)
}
