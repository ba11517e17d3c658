use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpResponse, HttpServer,
    middleware::from_fn,
    web::{self, Data},
};
use serde_json::Value;

use super::{RequestTimeout, handle_request};

async fn panics() -> HttpResponse {
    let nothing: Vec<u8> = Vec::new();
    HttpResponse::Ok().json(nothing[web::Bytes::new().len()])
}

async fn panics_with_data() -> HttpResponse {
    let user = String::from("secret-user");
    HttpResponse::Ok().json(user.parse::<u8>().unwrap_or_else(|error| panic!("{user}: {error}")))
}

/// Collects log lines.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn of_request(&self, id: &str) -> Vec<Value> {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["span"]["request_id"] == id).collect()
    }
}

async fn never_answers() -> HttpResponse {
    std::future::pending().await
}

#[tokio::test]
async fn a_handler_that_panics_or_never_answers_is_answered_for() -> Result<(), Box<dyn std::error::Error>> {
    let lines = Lines::default();
    let kept = lines.clone();
    tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || kept.clone()).init();
    std::panic::set_hook(Box::new(crate::log_panic));
    let config = Data::new(RequestTimeout(Duration::from_millis(200)));
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .route("/panics", web::get().to(panics))
            .route("/panics/with/data", web::get().to(panics_with_data))
            .route("/never", web::get().to(never_answers))
            .wrap(from_fn(crate::http::compress_large_answers))
            .wrap(from_fn(handle_request))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")?;
    let address = *server.addrs().first().ok_or("no address")?;
    let server = server.run();
    let handle = server.handle();
    let running = tokio::spawn(server);
    let client = reqwest::Client::new();
    for (path, status, code) in [
        ("panics", 500, "internal"),
        ("never", 503, "timeout"),
        ("panics/with/data", 500, "internal"),
        ("panics", 500, "internal"),
    ] {
        let url = format!("http://{address}/{path}");
        let response = client.get(url).header("x-request-id", "it").send().await?;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-request-id"]),
            (status, &"it".parse()?)
        );
        let body: Value = serde_json::from_slice(&response.bytes().await?)?;
        assert_eq!((&body["error"]["code"], &body["error"]["request_id"]), (&code.into(), &"it".into()));
    }
    let logged = lines.of_request("it");
    let errors: Vec<&Value> = logged.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 4, "one line of each failure: {logged:#?}");
    let said: Vec<&Value> = errors.iter().map(|line| &line["said"]).filter(|said| said.is_string()).collect();
    assert_eq!(said, ["(not shown: it may contain data)"; 3], "{logged:#?}");
    assert_eq!(logged.iter().filter(|line| line["message"] == "answered").count(), 4, "{logged:#?}");
    assert_eq!(logged.len(), 8, "{logged:#?}");
    handle.stop(false).await;
    running.await??;
    Ok(())
}
