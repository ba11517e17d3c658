use std::time::Duration;

use actix_web::{
    App, HttpResponse, HttpServer,
    middleware::{Compress, from_fn},
    web::{self, Data},
};
use serde_json::Value;

use super::{FrameConfig, frame};

async fn panics() -> HttpResponse {
    let nothing: Vec<u8> = Vec::new();
    HttpResponse::Ok().json(nothing[web::Bytes::new().len()])
}

async fn never_answers() -> HttpResponse {
    std::future::pending().await
}

#[tokio::test]
async fn a_handler_that_panics_or_never_answers_is_answered_for() -> Result<(), Box<dyn std::error::Error>> {
    let config = Data::new(FrameConfig { request_timeout: Duration::from_millis(200) });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .route("/panics", web::get().to(panics))
            .route("/never", web::get().to(never_answers))
            .wrap(Compress::default())
            .wrap(from_fn(frame))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")?;
    let address = *server.addrs().first().ok_or("no address")?;
    let server = server.run();
    let handle = server.handle();
    let running = tokio::spawn(server);
    let client = reqwest::Client::new();
    for (path, status, code) in
        [("panics", 500, "internal"), ("never", 503, "timeout"), ("panics", 500, "internal")]
    {
        let url = format!("http://{address}/{path}");
        let response = client.get(url).header("x-request-id", "it").send().await?;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-request-id"]),
            (status, &"it".parse()?)
        );
        let body: Value = serde_json::from_slice(&response.bytes().await?)?;
        assert_eq!((&body["error"]["code"], &body["error"]["request_id"]), (&code.into(), &"it".into()));
    }
    handle.stop(false).await;
    running.await??;
    Ok(())
}
