//! HTTP client that validates every response against the OpenAPI document.

use std::convert::Infallible;

use reqwest::{
    Method, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap},
};
use serde::Serialize;
use serde_json::Value;

use crate::openapi::{Observed, check};

/// Client of one server. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    client: reqwest::Client,
    address: String,
}

/// Request in preparation.
pub struct Request {
    method: Method,
    builder: reqwest::RequestBuilder,
}

/// Response whose body has been read and validated.
#[derive(Debug)]
pub struct Response {
    status: StatusCode,
    headers: HeaderMap,
    url: Url,
    body: Vec<u8>,
}

impl Client {
    pub fn new(address: String) -> Self {
        Self { client: reqwest::Client::new(), address }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Sends later requests to another address.
    pub fn set_address(&mut self, address: String) {
        self.address = address;
    }

    pub fn request(&self, method: Method, path: &str) -> Request {
        let builder = self.client.request(method.clone(), format!("{}{path}", self.address));
        Request { method, builder }
    }
}

impl Request {
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.header(name, value), ..self }
    }

    pub fn bearer_auth(self, token: &str) -> Self {
        Self { builder: self.builder.bearer_auth(token), ..self }
    }

    pub fn body(self, body: String) -> Self {
        Self { builder: self.builder.body(body), ..self }
    }

    pub fn json(self, body: &impl Serialize) -> Self {
        Self { builder: self.builder.json(body), ..self }
    }

    /// Sends the request and validates the response.
    ///
    /// # Errors
    /// Returns the error of a connection that fails before the response is complete.
    pub async fn send(self) -> reqwest::Result<Response> {
        let response = self.builder.send().await?;
        let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
        let body = response.bytes().await?.to_vec();
        check(&Observed {
            method: self.method.as_str(),
            path: url.path(),
            status: status.as_u16(),
            content_type: headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap()),
            body: &body,
        });
        Ok(Response { status, headers, url, body })
    }
}

impl Response {
    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    pub async fn bytes(self) -> Result<Vec<u8>, Infallible> {
        Ok(self.body)
    }

    pub async fn text(self) -> Result<String, Infallible> {
        Ok(String::from_utf8_lossy(&self.body).into_owned())
    }
}

/// Returns the status and the JSON body of the response; the body is null if it is empty.
pub async fn read(request: Request) -> (StatusCode, Value) {
    read_response(request.send().await.unwrap()).await
}

pub async fn read_response(response: Response) -> (StatusCode, Value) {
    let body =
        if response.body.is_empty() { Value::Null } else { serde_json::from_slice(&response.body).unwrap() };
    (response.status, body)
}
