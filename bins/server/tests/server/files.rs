//! Files of the server: who may read them, and what is left in them.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use reqwest::StatusCode;
use serde_json::json;

use crate::harness::{Server, command, database_url};

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_of(&path) } else { vec![path] }).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn stores_and_backups_are_readable_by_their_owner_only_and_killed_backups_leave_nothing() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let data = folder.path().join("new/data");
    let url = format!("sqlite://{}", data.join("docent.db").display());
    let server = Server::start_with(Arc::clone(&folder), &[("DOCENT_DATABASE_URL", &url)]).await;
    server.ingest_library().await;
    let backups = data.join("backups");
    fs::create_dir(&backups).unwrap();
    for left in [".partial-docent-x.sqlite", ".partial-docent-x.sqlite-journal"] {
        fs::write(backups.join(left), "half").unwrap();
    }
    let backup = ["db", "backup", "--database-url", &url, "--backups"];
    assert!(command().args(backup).arg(&backups).status().unwrap().success());
    let made = files_of(&data);
    let has = |ending: &str| made.iter().any(|path| path.to_string_lossy().ends_with(ending));
    for ending in ["docent.db", "docent.db-wal", "docent.db-shm", ".sqlite", ".sqlite.json"] {
        assert!(has(ending), "{ending} is not in {made:?}");
    }
    for path in &made {
        assert_eq!(mode(path), 0o600, "{}", path.display());
        assert!(!path.to_string_lossy().contains(".partial-"), "{}", path.display());
    }
    assert_eq!((mode(&data), mode(data.parent().unwrap())), (0o700, 0o700));
}

#[tokio::test]
async fn nothing_of_an_erased_user_is_left_in_the_file() {
    let server = Server::start().await;
    server.ingest_library().await;
    let (user, note) = ("erased-reader-7c1f", "a note that nobody may read, 5e0b");
    let view = json!({ "user_id": user, "resource_id": "r0", "interaction_type": "view" });
    assert_eq!(server.post("/api/interactions", &view).await.0, StatusCode::CREATED);
    let (_, list) = server.get(&format!("/api/recommendations?user_id={user}&limit=1")).await;
    let feedback = json!({
        "recommendation_id": list["metadata"]["recommendation_id"],
        "resource_id": list["recommendations"][0]["resource_id"],
        "user_id": user, "was_clicked": true, "was_useful": true, "feedback_notes": note,
    });
    let (status, body) = server.post("/api/recommendations/feedback", &feedback).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let found = |text: &str| {
        let store = PathBuf::from(database_url(server.folder().path()).trim_start_matches("sqlite://"));
        ["", "-wal"].into_iter().any(|ending| {
            let bytes = fs::read(format!("{}{ending}", store.display())).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    assert!(found(user) && found(note));
    let erase = format!("/api/profile?user_id={user}");
    assert_eq!(server.delete(&erase).await.0, StatusCode::NO_CONTENT);
    assert!(!found(user), "the id");
    assert!(!found(note), "the note");
}
