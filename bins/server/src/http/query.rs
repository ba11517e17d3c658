use std::future::{Ready, ready};

use actix_web::{Error, FromRequest, HttpRequest, dev::Payload};
use docent::ResourceId;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::ApiError;

/// A query string. A parameter that may be repeated is a list.
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

/// The resource that the path names, percent-encoded: any id will do, one with slashes too.
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
    // What the router hands out has bytes that are not UTF-8 replaced already, so the path itself is asked.
    percent_decode_str(request.uri().path()).decode_utf8().map_err(|_| ApiError::invalid_path())?;
    let segment = request.match_info().query("id");
    let id = percent_decode_str(segment).decode_utf8().map_err(|_| ApiError::invalid_path())?;
    Ok(ResourceId::new(id)?)
}
