//! An endpoint that answers as the test scripts it.
#![allow(dead_code, reason = "shared with the tests of the engine")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

/// Answer to one request. After the script is used up, the endpoint answers correctly.
#[derive(Clone)]
pub enum Reply {
    Status(u16, &'static str, &'static str),
    Body(String),
    Silence(Duration),
    HangUp,
}

#[derive(Default)]
struct Script {
    replies: Vec<Reply>,
    heard: Vec<Heard>,
}

/// Request that the endpoint received.
#[derive(Clone)]
pub struct Heard {
    pub authorization: Option<String>,
    pub body: Value,
}

pub struct Endpoint {
    pub base_url: String,
    script: Arc<Mutex<Script>>,
}

impl Endpoint {
    pub fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let mut replies: Vec<Reply> = replies.into_iter().collect();
        replies.reverse();
        let script = Arc::new(Mutex::new(Script { replies, heard: Vec::new() }));
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream.unwrap(), &shared));
            }
        });
        Self { base_url, script }
    }

    /// Replaces the rest of the script.
    pub fn follow_with(&self, replies: impl IntoIterator<Item = Reply>) {
        let mut replies: Vec<Reply> = replies.into_iter().collect();
        replies.reverse();
        self.script.lock().unwrap().replies = replies;
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.script.lock().unwrap().heard.clone()
    }

    /// Returns the texts of each request.
    pub fn asked(&self) -> Vec<Vec<String>> {
        self.heard()
            .iter()
            .map(|heard| serde_json::from_value(heard.body["input"].clone()).unwrap())
            .collect()
    }
}

/// Returns the embedding of a text in a correct answer: its letters counted by quarter of the
/// alphabet.
pub fn embedding(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; 4];
    for letter in text.bytes().filter(u8::is_ascii_alphabetic) {
        vector[usize::from(letter.to_ascii_lowercase() - b'a') / 7] += 1.0;
    }
    vector
}

fn serve(stream: TcpStream, script: &Mutex<Script>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(heard) = read_request(&mut reader) {
        let reply = {
            let mut script = script.lock().unwrap();
            script.heard.push(heard.clone());
            script.replies.pop()
        };
        let (status, headers, body) = match reply {
            None => (200, "", correct_answer(&heard.body)),
            Some(Reply::Body(body)) => (200, "", body),
            Some(Reply::Status(status, headers, body)) => (status, headers, body.to_owned()),
            Some(Reply::Silence(how_long)) => return thread::sleep(how_long),
            Some(Reply::HangUp) => return,
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        if (&stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Returns a correct answer in reversed order, so that a client must read the indices.
fn correct_answer(request: &Value) -> String {
    let texts = request["input"].as_array().unwrap();
    let items = texts.iter().enumerate().rev();
    let data: Vec<Value> = items
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": embedding(text.as_str().unwrap())}))
        .collect();
    json!({"object": "list", "data": data, "usage": {"total_tokens": 1}}).to_string()
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Heard> {
    let (mut length, mut authorization, mut line) = (0, None, String::new());
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    assert!(line.starts_with("POST /v1/embeddings HTTP/1.1"), "{line}");
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Heard { authorization, body: serde_json::from_slice(&body).unwrap() })
}
