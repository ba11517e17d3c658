use docent_formats::{FileMapping, InputFile, LocalFiles, MappedReader, Reader, Record, survey};

use crate::read;

#[test]
fn common_names_of_columns_and_events_are_recognised() {
    let text = "feedback_type,user_id,item_id,time_stamp\nfavourite,u1,boats-2,2023-03-02 17:02:09\n";
    let read_feedback = read("f.csv", text, "");
    assert_eq!(read_feedback.records, ["2:u1>boats-2 collection_add 2023-03-02T17:02:09Z"]);
    assert!(read_feedback.notes().contains("favourite as collection_add (1)"), "{}", read_feedback.notes());
    let shop = "timestamp,visitorid,event,itemid,transactionid\n1433221333118,25001,transaction,1001,901\n";
    let read_shop = read("e.csv", shop, "types = { transaction = \"share\" }\ntime_zone = \"+02:00\"");
    assert_eq!(read_shop.records, ["2:25001>1001 share 2015-06-02T05:02:13.118Z"]);
    let notes = read_shop.notes();
    assert!(notes.contains("columns that are left out: transactionid"), "{notes}");
    assert!(
        notes.contains("times are milliseconds since 1970: 1433221333118 is 2015-06-02T05:02:13Z"),
        "{notes}"
    );
    for (line, expected) in [
        (
            "reviewerID,asin,overall,unixReviewTime\nR,a,5.0,1393632000\n",
            "2:R>a rating rating=5 2014-03-01T00:00:00Z",
        ),
        (
            "user_id,business_id,stars,date\nu,b,2.0,2018-07-07 22:09:11\n",
            "2:u>b rating rating=2 2018-07-07T22:09:11Z",
        ),
        ("userId,movieId,rating\n1,2,4\n", "2:1>2 rating rating=4"),
        ("user,item,plays\n1,2,100\n", "2:1>2 export count=100"),
        ("user,item\n1,2\n", "2:1>2 collection_add"),
    ] {
        assert_eq!(read("i.csv", line, "").records, [expected], "{line}");
    }
}

#[test]
fn columns_are_mapped_by_name_and_an_absent_one_is_a_fault() {
    let text = "wer;was;wann\nu;a;31.12.2023\n";
    let mapped =
        read("i.csv", text, "map = { user = \"wer\", item = \"was\", time = \"wann\" }\ntype = \"view\"");
    assert_eq!(mapped.records, ["2:u>a view 2023-12-31T00:00:00Z"]);
    let absent = read("i.csv", text, "map = { user = \"wer\", item = \"was\", time = \"when\" }");
    assert!(absent.faults().contains("there is no column for time=when"), "{}", absent.faults());
    let unnamed = read("i.csv", "u\ta\t5\n", "columns = [\"user\", \"item\", \"rating\"]");
    assert_eq!(unnamed.records, ["1:u>a rating rating=5"]);
}

#[test]
fn unknown_columns_of_resources_become_attributes_of_their_types() {
    let text = "id,title,price,in_stock,shelf,code\na,One,9.50,true,7,007\nb,Two,,false,8,012\n";
    let read_all = read("r.csv", text, "");
    assert_eq!(
        read_all.records,
        [
            "2:a [One] {\"code\":\"007\",\"in_stock\":true,\"price\":9.5,\"shelf\":7}",
            "3:b [Two] {\"code\":\"012\",\"in_stock\":false,\"shelf\":8}",
        ]
    );
    assert!(read_all.notes().contains("columns that become attributes: price, in_stock, shelf, code"));
    let some = read("r.csv", text, "attributes = [\"price\"]");
    assert_eq!(some.records[0], "2:a [One] {\"price\":9.5}");
    let commas = read("r.csv", "id;title;price\na;One;9,5\nb;Two;8\n", "");
    assert_eq!(commas.records, ["2:a [One] {\"price\":9.5}", "3:b [Two] {\"price\":8}"]);
    let lists = read("r.csv", "id,title,genres\na,One,\"tea, china\"\n", "list_separator = \", \"");
    assert_eq!(lists.records, ["2:a [One] on=tea+china"]);
}

#[test]
fn numbers_have_decimal_commas() {
    let text = "user_id,resource_id,interaction_type,rating,occurred_at\nu1,a,rating,\"4,5\",31.12.2023\nu1,b,rating,\"3,0\",31.12.2023 10:15\nu2,c,rating,4.5,2023-12-31\n";
    let expected = [
        "2:u1>a rating rating=4.5 2023-12-31T00:00:00Z",
        "3:u1>b rating rating=3 2023-12-31T10:15:00Z",
        "4:u2>c rating rating=4.5 2023-12-31T00:00:00Z",
    ];
    let read_commas = read("i.csv", text, "");
    assert_eq!(read_commas.records, expected);
    assert!(read_commas.notes().contains("numbers have decimal commas"));
    let semicolon = "user_id;resource_id;interaction_type;rating;occurred_at\nu1;a;rating;4,5;31.12.2023\n";
    assert_eq!(read("i.csv", semicolon, "").records, expected[..1]);
}

#[test]
fn ratings_of_any_scale_become_half_stars() {
    for (ratings, expected, said) in [
        (&["0", "1"][..], &["0.5", "5"][..], "0..1"),
        (&["8", "10", "0", "7"], &["4", "5", "0.5", "3.5"], "0..10"),
        (&["85", "100", "20"], &["4.5", "5", "1.5"], "0..100"),
        (&["-10", "9.9", "0"], &["0.5", "5", "3"], "-10..10"),
        (&["2.8978348799", "4.25", "0.7"], &["3", "4.5", "0.5"], "half stars"),
        (&["1", "5"], &["1", "5"], ""),
    ] {
        let rows: Vec<String> = ratings.iter().map(|rating| format!("u,a,rating,{rating}")).collect();
        let text = format!("user_id,resource_id,interaction_type,rating\n{}\n", rows.join("\n"));
        let read = read("i.csv", text, "");
        let found: Vec<&str> =
            read.records.iter().filter_map(|row| row.rsplit_once('=')).map(|row| row.1).collect();
        assert_eq!(found, expected, "{ratings:?} {}", read.faults());
        assert!(read.notes().contains(said), "{}", read.notes());
    }
    let text = "user_id,resource_id,rating\nu,a,0\nu,b,10\n";
    let unrated = read("i.csv", text, "unrated = \"view\"\nrating_scale = \"1..10\"");
    assert_eq!(unrated.records, ["2:u>a view", "3:u>b rating rating=5"]);
}

#[test]
fn the_shape_of_a_semicolon_dump_in_latin1() {
    let books = b"\"ISBN\";\"Book-Title\";\"Book-Author\";\"Year-Of-Publication\";\"Publisher\"\r\n\
        \"0001112223\";\"Die Bl\xfcten\";\"K\xe4the\";\"1998\";\"Nord\"\r\n\"000111223X\";\"A \\\"quiet\\\" harbour\";\"Ann\";\"0\";\"Sea\"\r\n";
    let read_books = read("books.csv", books, "");
    assert_eq!(
        read_books.records,
        ["2:0001112223 [Die Blüten] by=Käthe 1998-01-01", "3:000111223X [A \"quiet\" harbour] by=Ann"]
    );
}

#[test]
fn unknown_events_cost_their_rows_and_say_what_to_do() {
    let text = "user_id,item_id,event\nu,a,teleport\nu,b,view\n";
    let read_events = read("i.csv", text, "");
    assert!(
        read_events.records[0].starts_with("2: interaction_type: expected one of view,"),
        "{:?}",
        read_events.records
    );
    assert!(read_events.records[0].contains("--types \"teleport=TYPE\""));
    assert_eq!(read_events.records[1], "3:u>b view");
    let wrong = read("i.csv", text, "types = { teleport = \"beam\" }");
    assert!(wrong.faults().contains("\"beam\" is no interaction type"), "{}", wrong.faults());
}

#[test]
fn a_column_without_a_name_is_none() {
    let read = read("i.csv", ",user_id,item_id\n0,u,a\n", "");
    assert_eq!(read.records, ["2:u>a collection_add"]);
}

#[test]
fn columns_of_0_and_1_are_events_where_they_hold_1() {
    let shown = "user_id,item_id,is_click,like,share,is_blocked,gender\nu,a,1,1,f,0,1\nu,b,0,0,f,0,1\nu,c,3,0,t,0,0\n";
    let read_shown = read("i.csv", shown, "");
    assert_eq!(
        read_shown.records,
        ["2:u>a view", "2:u>a collection_add", "4:u>c view count=3", "4:u>c share"],
        "{}",
        read_shown.faults()
    );
    let notes = read_shown.notes();
    assert!(
        notes.contains("is_click as view (2), like as collection_add (1), share as share (1)"),
        "{notes}"
    );
    assert!(notes.contains("no interaction, of 3 rows"), "{notes}");
    assert!(notes.contains("columns that are left out: is_blocked, gender"), "{notes}");
    let said = read("i.csv", "user_id,item_id,like\nu,a,1\n", "types = { like = \"export\" }");
    assert_eq!(said.records, ["2:u>a export"]);
    // An outcome, or a property of the user, takes no row away.
    for rows in ["completed\nu,a,1\nu,b,0\n", "is_member\nu,a,1\nu,b,0\n", "like\nu,a,0\nu,b,0\n"] {
        let all = read("i.csv", format!("user_id,item_id,{rows}"), "");
        assert_eq!(all.records, ["2:u>a collection_add", "3:u>b collection_add"], "{rows}");
    }
}

#[test]
fn a_label_of_0_and_1_is_an_opinion() {
    let labelled = read("i.csv", "user_id,item_id,label,target\nu,a,1,0\nu,b,0,1\n", "");
    assert_eq!(labelled.records, ["2:u>a rating rating=5", "3:u>b rating rating=0.5"]);
    let notes = labelled.notes();
    assert!(notes.contains("1 is a like and 0 a dislike") && notes.contains("left out: target"), "{notes}");
    let liked = read("i.csv", format!("user_id,item_id,label\n{}", "u,a,1\n".repeat(12)), "");
    assert_eq!(liked.records[0], "2:u>a rating rating=5", "{}", liked.faults());
    let words = read("i.csv", "user_id,item_id,label\nu,a,good\n", "");
    assert_eq!(words.records, ["2:u>a collection_add"]);
}

#[test]
fn lists_are_split_where_most_cells_have_the_same_separator() {
    let text = "id,title,genres,authors\na,One,\"Action, Comedy\",\"Doe, Ann\"\nb,Two,\"Drama, Comedy\",Bo\n\
        c,Three,Science Fiction,Cy\n";
    let commas = read("r.csv", text, "");
    assert_eq!(
        commas.records,
        [
            "2:a [One] by=Doe, Ann on=Action+Comedy",
            "3:b [Two] by=Bo on=Drama+Comedy",
            "4:c [Three] by=Cy on=Science Fiction"
        ]
    );
    assert!(commas.notes().contains("column \"genres\" holds lists with \",\""), "{}", commas.notes());
    let bars = read("r.csv", text.replace("Drama, Comedy", "Drama|Comedy, dark"), "");
    assert_eq!(bars.records[1], "3:b [Two] by=Bo on=Drama+Comedy, dark");
    let subjects = "id,title,subjects\na,One,\"World War, 1939-1945; Tanks\"\nb,Two,Tea; China\n";
    assert_eq!(
        read("r.csv", subjects, "").records,
        ["2:a [One] on=World War, 1939-1945+Tanks", "3:b [Two] on=Tea+China"]
    );
    let single = "id,title,category\na,One,\"Clothing, Shoes & Jewelry\"\n";
    assert_eq!(read("r.csv", single, "").records, ["2:a [One] on=Clothing, Shoes & Jewelry"]);
    let arrays =
        "id,title,genres\na,One,\"{tea,\"\"green, china\"\"}\"\nb,Two,\"c(\"\"tea\"\", \"\"china\"\")\"\n";
    assert_eq!(
        read("r.csv", arrays, "").records,
        ["2:a [One] on=tea+green, china", "3:b [Two] on=tea+china"]
    );
}

#[test]
fn baskets_are_split_at_blanks_only_without_another_separator() {
    assert_eq!(read("b.csv", "user_id,items\nu,7\nv,1 2 3\nw,4 5\n", "").records.len(), 6);
    let named = read("b.csv", "user_id,items\nu,whole milk\nv,\"citrus fruit,margarine\"\n", "");
    assert_eq!(
        named.records,
        ["2:u>whole milk collection_add", "3:v>citrus fruit collection_add", "3:v>margarine collection_add"]
    );
    let objects = "{\"user_id\":\"u\",\"items\":[{\"$oid\":\"a\"},{\"product_id\":7,\"quantity\":2}]}\n\
        {\"user_id\":\"u\",\"items\":[{\"what\":1}]}\n";
    let records = read("b.jsonl", objects, "").records;
    assert_eq!(records[..2], ["1:u>a collection_add", "1:u>7 collection_add"]);
    assert!(records[2].contains("expected a list of ids"), "{records:?}");
}

#[test]
fn ratings_are_written_in_words_of_their_scale() {
    let text = "user_id,item_id,rating\nu,a,4.0 out of 5 stars\nu,b,2/5\nu,c,5 stars\n";
    let read_words = read("i.csv", text, "");
    assert_eq!(
        read_words.records,
        ["2:u>a rating rating=4", "3:u>b rating rating=2", "4:u>c rating rating=5"]
    );
    let said = read("i.csv", "user_id,item_id,rating\nu,a,8/10\nu,b,9\n", "rating_scale = \"1..10\"");
    assert_eq!(said.records, ["2:u>a rating rating=4", "3:u>b rating rating=4.5"]);
    let three = read("i.csv", format!("user_id,item_id,rating\n{}", "u,a,1\nu,b,3\n".repeat(6)), "");
    assert!(three.notes().contains("if 3 is, say --rating-scale 1..3"), "{}", three.notes());
}

#[test]
fn one_view_is_no_count() {
    let text = "user_id,item_id,event,quantity\nu,a,view,1\nu,b,view,12\nu,c,purchase,1\n";
    assert_eq!(
        read("i.csv", text, "").records,
        ["2:u>a view", "3:u>b view count=12", "4:u>c export count=1"]
    );
}

#[test]
fn ids_of_books_come_before_their_isbn_and_those_of_songs_before_their_artist() {
    let books = "Book Id,Title,ISBN\n7,One,=\"\"\n";
    assert_eq!(read("r.csv", books, "").records, ["2:7 [One] {\"ISBN\":\"=\\\"\\\"\"}"]);
    let plays = "user_id,artist_id,track_id\nu,x,t\n";
    assert_eq!(read("i.csv", plays, "").records, ["2:u>t collection_add"]);
}

#[test]
fn values_of_mongodb_are_those_inside() {
    let line = "{\"user_id\":{\"$oid\":\"5f1e\"},\"item_id\":\"a\",\"rating\":{\"$numberInt\":\"4\"},\
                \"date\":{\"$date\":{\"$numberLong\":\"1600000000000\"}}}\n";
    assert_eq!(read("i.jsonl", line, "").records, ["1:5f1e>a rating rating=4 2020-09-13T12:26:40Z"]);
    let resource = "{\"_id\":{\"$oid\":\"5f1e\"},\"title\":\"One\"}\n";
    assert_eq!(read("r.jsonl", resource, "").records, ["1:5f1e [One]"]);
}

#[test]
fn fourteen_digits_are_a_date_and_a_time() {
    let text = "user_id,item_id,time\nu,a,20240131103000\n";
    assert_eq!(read("i.csv", text, "").records, ["2:u>a collection_add 2024-01-31T10:30:00Z"]);
}

/// Surveys files, and returns the notes of one and the records of all.
fn read_all(files: &[(&str, &str)], of: usize) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let files = files.iter().map(|(name, content)| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        InputFile { path, mapping: FileMapping::default(), stated: Vec::new() }
    });
    let profiles = survey(&files.collect::<Vec<_>>(), &[], &LocalFiles);
    let notes = profiles[of].notes.join("\n");
    let reader = MappedReader::new(profiles);
    let records = reader.records(&LocalFiles).map(|record| match record.unwrap().record {
        Record::Resource { resource, .. } => resource.id.to_string(),
        Record::Interaction(new) => format!("{}>{}", new.user_id, new.resource_id),
        other => panic!("{other:?}"),
    });
    (notes, records.collect())
}

#[test]
fn a_catalogue_and_its_interactions_use_the_ids_that_both_name() {
    let films = ("films.csv", "id,movie_id,title\n1,tt7,One\n2,tt9,Two\n");
    let (notes, records) = read_all(&[films, ("ratings.csv", "user_id,movieId,rating\nu,tt7,4\n")], 0);
    assert!(notes.contains("column \"movie_id\" is the id, as in the interactions"), "{notes}");
    assert_eq!(records, ["tt7", "tt9", "u>tt7"]);
    let artists = ("artists.csv", "artist_id,name\nx,Ann\n");
    let (notes, records) = read_all(&[artists, ("plays.csv", "user_id,artist_id,track_id\nu,x,t\n")], 1);
    assert!(notes.contains("column \"artist_id\" is the item, as in the catalogue"), "{notes}");
    assert_eq!(records, ["x", "u>x"]);
    let variants = ("variants.csv", "id,product_id,title\n1,7,Small\n");
    let products = ("products.csv", "product_id,title\n7,Mug\n");
    let (_, records) = read_all(&[variants, products, ("orders.csv", "user_id,product_id\nu,7\n")], 0);
    assert_eq!(records, ["1", "7", "u>7"]);
}
