use std::time::Instant;

use actix_web::{
    dev::ServiceRequest,
    http::{Method, StatusCode},
};
use docent_telemetry::names;

/// Label shared by all unrouted paths, so that clients cannot create labels.
const UNKNOWN_ROUTE: &str = "unknown";

/// Records one request in metrics and the access log. Counts it as in flight until dropped.
pub struct Observation {
    method: &'static str,
    route: String,
    started: Instant,
}

impl Observation {
    /// Starts the timer and counts the request as in flight.
    pub fn start(request: &ServiceRequest) -> Self {
        let route =
            request.match_pattern().map_or_else(|| UNKNOWN_ROUTE.to_owned(), |pattern| template(&pattern));
        let observation = Self { method: method_label(request.method()), route, started: Instant::now() };
        observation.in_flight().increment(1.0);
        observation
    }

    /// Counts and logs the response. The log line contains neither the query string nor the body,
    /// because both identify users.
    pub fn answered(&self, status: StatusCode) {
        let elapsed = self.started.elapsed();
        let labels = [
            ("method", self.method.to_owned()),
            ("route", self.route.clone()),
            ("status", class(status).to_owned()),
        ];
        metrics::counter!(names::HTTP_REQUESTS, &labels).increment(1);
        metrics::histogram!(names::HTTP_DURATION, &labels).record(elapsed.as_secs_f64());
        let (method, route, status) = (self.method, self.route.as_str(), status.as_u16());
        let duration_ms = elapsed.as_secs_f64() * 1_000.0;
        if self.is_probe() {
            tracing::debug!(method, route, status, duration_ms, "answered");
        } else {
            tracing::info!(method, route, status, duration_ms, "answered");
        }
    }

    fn is_probe(&self) -> bool {
        ["/livez", "/readyz", "/metrics"].contains(&self.route.as_str())
    }

    fn in_flight(&self) -> metrics::Gauge {
        metrics::gauge!(names::HTTP_IN_FLIGHT, "method" => self.method, "route" => self.route.clone())
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.in_flight().decrement(1.0);
    }
}

/// Removes the regular expressions from a route pattern: `/docs/{file:.*}` becomes `/docs/{file}`.
pub fn template(pattern: &str) -> String {
    let mut template = String::with_capacity(pattern.len());
    let mut in_expression = false;
    for c in pattern.chars() {
        match c {
            ':' => in_expression = true,
            '}' => in_expression = false,
            _ => {}
        }
        if !in_expression {
            template.push(c);
        }
    }
    template
}

fn method_label(method: &Method) -> &'static str {
    let known = [
        (Method::GET, "GET"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::DELETE, "DELETE"),
        (Method::HEAD, "HEAD"),
        (Method::OPTIONS, "OPTIONS"),
        (Method::PATCH, "PATCH"),
    ];
    known.iter().find(|(known, _)| known == method).map_or("other", |(_, label)| label)
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn a_template_shows_parameters_without_their_expressions() {
        for (pattern, expected) in [
            ("/api/profile", "/api/profile"),
            ("/docs/{file:.*}", "/docs/{file}"),
            ("/api/resources/{id:[^/]*}/similar", "/api/resources/{id}/similar"),
        ] {
            assert_eq!(template(pattern), expected);
        }
    }
}
