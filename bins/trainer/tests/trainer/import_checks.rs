//! Checks of an import before it writes: faults of files, swapped columns, missing catalogues.

use serde_json::Value;

use crate::program::Place;

const RESOURCES: &str = "id,title\na,First\nb,Second\nc,Third\n";

fn exported(place: &Place, kind: &str) -> Vec<Value> {
    let all = place.dump().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    all.filter(|value| value["type"] == kind).collect()
}

/// Runs an import that must be refused, and checks that the store is not even made.
fn refused(place: &Place, args: &[&str], message: &str) {
    let ended = place.run(args);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.said.contains("nothing was imported"), "{}", ended.said);
    assert!(ended.said.contains(message), "expected {message} in {}", ended.said);
    if place.path("docent-data/docent.db").exists() {
        assert_eq!(place.dump(), Vec::<String>::new());
    }
}

#[test]
fn a_fault_of_the_second_file_is_found_before_the_first_is_written() {
    let place = Place::new();
    place.write("resources.csv", RESOURCES);
    place.write("interactions.csv", "user,resource_id,interaction_type\nu1,a,export\n");
    let args = ["import", "csv", "--resources", "resources.csv", "--interactions", "interactions.csv"];
    refused(&place, &args, "interactions.csv:1: a file of interactions needs a column for user");
    assert!(!place.path("docent-data").exists());
    place.must(&[&args[..], &["--map", "user=user"]].concat());
}

#[test]
fn all_faults_are_reported_at_once() {
    let place = Place::new();
    place.write("resources.csv", "name\na\n");
    place.write("interactions.csv", [b"user_id,item_id\nu,a\xe9\n".as_slice(), "u,é\n".as_bytes()].concat());
    let args = ["import", "csv", "--resources", "resources.csv", "--interactions", "interactions.csv"];
    refused(&place, &args, "resources.csv:1: a file of resources needs a column for id");
    refused(&place, &args, "interactions.csv: line 3 is in UTF-8 and line 2 is not");
}

#[test]
fn swapped_columns_are_refused_where_a_catalogue_exists() {
    let place = Place::new();
    place.write("resources.csv", RESOURCES);
    place.write(
        "swapped.csv",
        "resource_id,user_id,interaction_type\nu1,a,export\nu2,b,export\nu3,c,export\n",
    );
    let swapped = ["import", "csv", "--resources", "resources.csv", "--interactions", "swapped.csv"];
    refused(&place, &swapped, "the columns of users and resources look swapped");
    refused(&place, &[&swapped[..], &["--create-missing"]].concat(), "look swapped");
}

#[test]
fn resources_are_made_from_ids_without_a_catalogue_and_otherwise_on_request() {
    let place = Place::new();
    place.write("plays.csv", "player,game,hours\np1,Game 1,10\np2,Game 2,1\n");
    let map = ["--map", "user=player,item=game,count=hours"];
    let said = place.must(&[&["import", "csv", "plays.csv"], &map[..]].concat());
    assert!(said.contains("so 2 are made from the ids of the interactions"), "{said}");
    assert!(said.contains("resources:    2 new") && said.contains("interactions: 2 new"), "{said}");
    let titles: Vec<Value> = exported(&place, "resource").iter().map(|game| game["title"].clone()).collect();
    assert_eq!(titles, ["Game 1", "Game 2"]);

    place.write("more.csv", "player,game,hours\np1,Game 3,5\np2,Game 1,2\n");
    let more = [&["import", "csv", "more.csv"], &map[..]].concat();
    let ended = place.run(&more);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended
            .said
            .contains("more.csv:2: there is no resource \"Game 3\"; import it, or say --create-missing")
    );
    let said = place.must(&[&more[..], &["--create-missing"]].concat());
    assert!(said.contains("resources:    1 new") && said.contains("interactions: 1 new"), "{said}");
}

#[test]
fn a_dry_run_shows_what_would_happen_and_writes_nothing() {
    let place = Place::new();
    place.write("resources.csv", "id,title,price\na,First,9.5\nb,Second,8\n");
    place.write(
        "events.csv",
        "timestamp,visitorid,event,itemid,order\n1433221332117,7,addtocart,a,\n1433221332118,8,view,b,\n\
         1433221332119,8,transaction,b,1\n1433221332119,8,teleport,b,\n",
    );
    let args = ["import", "csv", "--resources", "resources.csv", "--interactions", "events.csv", "--dry-run"];
    let ended = place.run(&args);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!place.path("docent-data").exists());
    for expected in [
        "events.csv: cells separated by \",\", UTF-8, not compressed; 4 rows of interactions",
        "timestamp  time",
        "price   attribute  2       numbers from 8 to 9.5",
        "note: events.csv: column \"timestamp\": times are milliseconds since 1970",
        "addtocart as collection_add (1)",
        "columns that are left out: order",
        "resources:    2",
        "interactions: 3 (collection_add 1, export 1, view 1)",
        "positive:     2",
        "users:        2",
        "bad lines:    1",
        "training needs at least 10 positives and would have 2",
    ] {
        assert!(ended.out.contains(expected), "expected {expected} in {}", ended.out);
    }
    assert!(ended.said.contains("events.csv:5: interaction_type: expected one of view"), "{}", ended.said);
    let strict = place.run(&[&args[..], &["--strict"]].concat());
    assert_eq!(strict.code, Some(1), "{strict:?}");
}

#[test]
fn times_in_the_future_are_refused_and_an_import_of_nothing_fails() {
    let place = Place::new();
    place.write("resources.csv", RESOURCES);
    place.write(
        "i.csv",
        "user_id,resource_id,interaction_type,occurred_at\nu,a,export,2099-01-01\nu,b,export,2024-01-01\n",
    );
    let ended = place.run(&["import", "csv", "--resources", "resources.csv", "--interactions", "i.csv"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.said.contains("i.csv:2: expected a time at most 5 minutes from now"), "{}", ended.said);
    assert_eq!(exported(&place, "interaction").len(), 1);

    let empty = Place::new();
    empty.write("i.csv", "user_id,resource_id,interaction_type\n");
    refused(&empty, &["import", "csv", "i.csv"], "the files hold no record that can be imported");
    empty.write("i.csv", "user_id,resource_id,interaction_type\n,a,view\n,b,view\n");
    refused(&empty, &["import", "csv", "i.csv"], "none of the 2 records of i.csv can be used");
}

#[test]
fn a_mapping_file_is_kept_and_reused() {
    let place = Place::new();
    place.write(
        "shop.toml",
        "[[file]]\nname = \"ev*.csv\"\nmap = { user = \"who\", item = \"what\" }\ntypes = { bought = \"annotation\" }\n\
         [[file]]\nname = \"wares.csv\"\nkind = \"resources\"\nseparator = \";\"\n",
    );
    place.write("events.csv", "who,what,event\nu,a,bought\n");
    place.write("wares.csv", "sku;name\na;First, of all\n");
    place.must(&["import", "csv", "events.csv", "wares.csv", "--mapping", "shop.toml"]);
    assert_eq!(exported(&place, "interaction")[0]["interaction_type"], "annotation");
    assert_eq!(exported(&place, "resource")[0]["title"], "First, of all");
}

#[test]
fn a_folder_is_recognised() {
    let place = Place::new();
    place.write("set/steam-200k.csv", "1,Skyrim,purchase,1.0,0\n1,Skyrim,play,100,0\n");
    let said = place.must(&["import", "auto", "set"]);
    assert!(said.contains("the files are those of `import steam`"), "{said}");
    assert!(said.contains("interactions: 2 new"), "{said}");
    place.write("own/a.csv", "user_id,item_id\nu,x\n");
    let own = place.must(&["import", "auto", "own", "--create-missing"]);
    assert!(own.contains("interactions: 1 new"), "{own}");
    place.write("shop/products.csv", "id,title,genre\na,One,tea\nb,Two,tea\na,One,cup\n");
    place.write("shop/orders.csv", "user_id,item_id,rating\nu,a,5\n");
    place.write("shop/README.md", "# Data of a shop\n");
    place.write("shop/.DS_Store", "\0\0\0\u{1}Bud1");
    let shop = place.must(&["import", "auto", "shop"]);
    assert!(shop.contains("interactions: 1 new") && !shop.contains("the files are those of"), "{shop}");
    assert!(
        shop.contains("the id of an earlier resource: 1 (the first: ") && shop.contains("products.csv:4, a)"),
        "{shop}"
    );
}
