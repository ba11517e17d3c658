//! API keys on two servers over one database, and the recipes for user tokens of the documentation.

use std::{fs, path::Path, process::Command, sync::Arc};

use docent_test_support::Database;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{Server, command, until};

const PROFILE: &str = "/api/profile?user_id=ada";
const SECRET: &str = "the secret of recipes, of 32 bytes and more";

async fn status_of(server: &Server, path: &str, bearer: &str) -> StatusCode {
    server.request(Method::GET, path).bearer_auth(bearer).send().await.unwrap().status()
}

pub async fn every_server_follows_a_key_that_a_command_makes_and_revokes(
    database: &Database,
) -> anyhow::Result<()> {
    let url = database.url();
    let key = |arguments: &[&str]| {
        let output = command().arg("key").args(arguments).args(["--database-url", url]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    };
    // Before the first server runs, on a database without tables.
    let first = key(&["create", "--name", "first", "--scope", "recommend"]);
    let variables = [("DOCENT_DATABASE_URL", url)];
    let mut servers = Vec::new();
    for _ in 0..2 {
        servers.push(Server::start_with(Arc::new(tempfile::tempdir()?), &variables).await);
    }
    let second = key(&["create", "--name", "second", "--scope", "recommend"]);
    for server in &servers {
        assert_eq!(server.get(PROFILE).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(status_of(server, PROFILE, &first).await, StatusCode::OK);
        until("it accepts the new key", async || status_of(server, PROFILE, &second).await == StatusCode::OK)
            .await;
    }
    key(&["revoke", &first[10..17]]);
    for server in &servers {
        until("it refuses the revoked key", async || {
            status_of(server, PROFILE, &first).await == StatusCode::UNAUTHORIZED
        })
        .await;
        assert_eq!(status_of(server, PROFILE, &second).await, StatusCode::OK);
    }
    until("the uses are stored", async || {
        let keys: Vec<Value> = serde_json::from_str(&key(&["list", "--json"])).unwrap();
        keys.iter().all(|key| !key["last_used_at"].is_null())
    })
    .await;
    Ok(())
}

/// Program of `docs/how-to/sign-user-tokens.md`.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    /// Language of its block of code.
    pub language: &'static str,
    pub file: &'static str,
    /// Program and arguments that run the file.
    pub runner: &'static [&'static str],
    /// Argument by which the program shows its version.
    pub version: &'static str,
}

impl Recipe {
    pub fn is_installed(&self) -> bool {
        Command::new(self.runner[0]).arg(self.version).output().is_ok_and(|output| output.status.success())
    }
}

pub const RECIPES: [Recipe; 5] = [
    Recipe { language: "python", file: "sign.py", runner: &["python3"], version: "--version" },
    Recipe { language: "javascript", file: "sign.js", runner: &["node"], version: "--version" },
    Recipe { language: "go", file: "sign.go", runner: &["go", "run"], version: "version" },
    Recipe { language: "java", file: "Token.java", runner: &["java"], version: "--version" },
    Recipe { language: "php", file: "sign.php", runner: &["php"], version: "--version" },
];

pub async fn a_recipe_signs_a_token_that_the_server_accepts(recipe: Recipe) -> anyhow::Result<()> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/how-to/sign-user-tokens.md");
    let page = fs::read_to_string(page)?;
    let fence = format!("```{}\n", recipe.language);
    let (_, rest) = page.split_once(&fence).expect("the page has a block of the language");
    let (program, _) = rest.split_once("```").expect("the block ends");
    let folder = Arc::new(tempfile::tempdir()?);
    fs::write(folder.path().join(recipe.file), program)?;
    let output = Command::new(recipe.runner[0])
        .args(&recipe.runner[1..])
        .args([recipe.file, "ada"])
        .current_dir(folder.path())
        .env("DOCENT_TOKEN_SECRET", SECRET)
        .env("DOCENT_TOKEN_KID", "k1")
        .output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let token = String::from_utf8(output.stdout)?;
    let server = Server::start_with(folder, &[("DOCENT_ACCESS__TOKEN_KEYS__K1", SECRET)]).await;
    assert_eq!(status_of(&server, PROFILE, token.trim()).await, StatusCode::OK);
    let other = "/api/profile?user_id=bob";
    assert_eq!(status_of(&server, other, token.trim()).await, StatusCode::FORBIDDEN);
    Ok(())
}
