#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
//! Small files of exactly the shape of each set.

use super::*;
use crate::{LocalFiles, MappedReader, Reader, Record, survey};

/// Writes files, and returns the records of the set as text: resources as
/// `id|title|text|authors|subjects|published`, interactions as `user>item type rating count time`.
fn read(set: &str, files: &[(&str, &[u8])]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let set = KnownSet::named(set).unwrap();
    let files = set.find(&[folder.path().to_owned()], &FileMapping::default()).unwrap();
    assert!(has_columns_of_set(&files, &LocalFiles));
    let profiles = survey(&files, &[], &LocalFiles);
    for profile in &profiles {
        assert_eq!(profile.faults, Vec::<String>::new());
    }
    let reader = MappedReader::new(profiles);
    let records = reader.records(&LocalFiles).map(|located| match located {
        Ok(located) => shown(located.record),
        Err(error) => error.to_string().rsplit('/').next().unwrap_or_default().to_owned(),
    });
    records.collect()
}

fn shown(record: Record) -> String {
    match record {
        Record::Resource { resource, .. } => {
            let published =
                resource.published_at.map(|at| at.format("%Y-%m-%d").to_string()).unwrap_or_default();
            let (authors, subjects) = (resource.authors.join("+"), resource.subjects.join("+"));
            format!("{}|{}|{}|{authors}|{subjects}|{published}", resource.id, resource.title, resource.text)
        }
        Record::Interaction(new) => {
            let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| value.to_string());
            let at = new.at.map_or("-".to_owned(), |at| at.format("%Y-%m-%dT%H:%M:%S").to_string());
            let (rating, count) = (number(new.signals.rating), number(new.signals.count));
            format!("{}>{} {} {rating} {count} {at}", new.user_id, new.resource_id, new.interaction_type)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn movielens_100k() {
    let flags = "|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|1|0|0";
    let films = format!(
        "1|Caf\u{e9} (1995)|01-Jan-1995||http://x/1{flags}\n2|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
    );
    let latin: Vec<u8> = films.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let files: [(&str, &[u8]); 4] = [
        ("u.data", b"196\t1\t3\t881250949\n186\t2\t5\t891717742\n"),
        ("u.item", &latin),
        ("u.user", b"1|24|M|technician|85711\n"),
        ("u1.base", b"196\t1\t3\t881250949\n"),
    ];
    assert_eq!(
        read("movielens", &files),
        [
            "1|Café (1995)|||Adventure+Thriller|1995-01-01",
            "2|unknown||||",
            "196>1 rating 3 - 1997-12-04T15:55:49",
            "186>2 rating 5 - 1998-04-04T19:22:22",
        ]
    );
}

#[test]
fn movielens_1m_and_10m() {
    let million: [(&str, &[u8]); 3] = [
        ("movies.dat", b"1::Les Mis\xe9rables (1995)::Drama|Musical\n"),
        ("ratings.dat", b"1::1::5::978300760\n"),
        ("users.dat", b"1::F::1::10::48067\n"),
    ];
    assert_eq!(
        read("movielens", &million),
        ["1|Les Misérables (1995)|||Drama+Musical|1995-01-01", "1>1 rating 5 - 2000-12-31T22:12:40"]
    );
    let ten: [(&str, &[u8]); 3] = [
        ("movies.dat", "1::Les Misérables (1995)::Drama\n".as_bytes()),
        ("ratings.dat", b"1::1::3.5::838985046\n"),
        ("tags.dat", b"15::1::excellent!::1215184630\n16::1::sad: very\n17::1::a \"b\"::1\n"),
    ];
    assert_eq!(
        read("movielens", &ten),
        [
            "tags.dat:2: expected 4 columns (user, movie, tag, timestamp), got 3",
            "1|Les Misérables (1995)|excellent!\na \"b\"||Drama|1995-01-01",
            "1>1 rating 3.5 - 1996-08-02T11:24:06",
        ]
    );
}

#[test]
fn movielens_since_20m() {
    let files: [(&str, &[u8]); 4] = [
        ("movies.csv", b"movieId,title,genres\r\n1,\"Sabrina, again (1954)\",Comedy|Romance\r\n2,None,(no genres listed)\r\n"),
        ("ratings.csv", b"userId,movieId,rating,timestamp\r\n1,1,4.5,1260759144\r\n"),
        ("tags.csv", b"userId,movieId,tag,timestamp\r\n1,1,pixar,1138537770\r\n"),
        ("links.csv", b"movieId,imdbId,tmdbId\r\n1,0114709,862\r\n"),
    ];
    assert_eq!(
        read("movielens", &files),
        [
            "1|Sabrina, again (1954)|pixar||Comedy+Romance|1954-01-01",
            "2|None||||",
            "1>1 rating 4.5 - 2009-12-14T02:52:24",
        ]
    );
}

#[test]
fn goodbooks() {
    let books = "id,book_id,goodreads_book_id,authors,original_publication_year,original_title,title,language_code,\
                 average_rating,ratings_count\n\
                 1,1,2767052,\"Suzanne Collins, Ann B\",2008.0,Hunger,Hunger Games,eng,4.34,4780653\n\
                 2,2,9,Homer,-720.0,,The Odyssey,eng,3.73,670326\n";
    let files: [(&str, &[u8]); 5] = [
        ("books.csv", books.as_bytes()),
        ("ratings.csv", b"user_id,book_id,rating\n1,1,5\n"),
        ("to_read.csv", b"user_id,book_id\n9,2\n"),
        ("tags.csv", b"tag_id,tag_name\n30574,dystopia\n"),
        ("book_tags.csv", b"goodreads_book_id,tag_id,count\n2767052,30574,167697\n2767052,11305,3\n"),
    ];
    assert_eq!(
        read("goodbooks", &files),
        [
            "1|Hunger Games||Suzanne Collins+Ann B|dystopia+11305|2008-01-01",
            "2|The Odyssey||Homer||",
            "1>1 rating 5 - -",
            "9>2 collection_add - - -",
        ]
    );
}

#[test]
fn book_crossing() {
    let books = b"\"ISBN\";\"Book-Title\";\"Book-Author\";\"Year-Of-Publication\";\"Publisher\";\"Image-URL-S\"\r\n\
        \"000111223X\";\"A \\\"quiet\\\" h\xe4rbour; &amp; more\";\"Ann Other\";\"2001\";\"Sea Press\";\"http://x\"\r\n\
        \"0001112240\";\"R\xeaves\";\"Zo\xe9 D\";\"0\";\"Maison\";\"http://y\"\r\n\
        \"0001112259\";\"Half; a title\";\"Bo\";\"DK Publishing Inc\";\"Press\";\"http://z\"\r\n\
        \"0001112267\";\"Cut \"in\" two\";\"Cy\";\"1999\";\"Press\";\"http://w\"\r\n\
        \"0001112275\";\"Last\";\"Di\";\"1999\";\"Press\";\"http://v\"\r\n";
    let ratings = b"\"User-ID\";\"ISBN\";\"Book-Rating\"\r\n\"27001\";\"000111223X\";\"8\"\r\n\"27002\";\"0001112240\";\"0\"\r\n";
    let files: [(&str, &[u8]); 3] = [
        ("BX-Books.csv", books),
        ("BX-Book-Ratings.csv", ratings),
        ("BX-Users.csv", b"\"User-ID\";\"Location\";\"Age\"\r\n\"1\";\"nyc\";NULL\r\n"),
    ];
    assert_eq!(
        read("book-crossing", &files),
        [
            "000111223X|A \"quiet\" härbour; &amp; more||Ann Other||2001-01-01",
            "0001112240|Rêves||Zoé D||",
            "BX-Books.csv:4: Year-Of-Publication: expected a time such as 2024-05-01T12:00:00Z, \
             2024-05-01 12:00:00, a date or a number since 1970, got \"DK Publishing Inc\"; another form is said by \
             --time-format, such as %d.%m.%y",
            "BX-Books.csv:5: a quote opens a cell and nothing closes it as a row of 6 columns needs; expected \" at \
             both ends of a cell, and \"\" or \\\" for a quote inside; reading resumes at line 6",
            "0001112275|Last||Di||1999-01-01",
            "27001>000111223X rating 4 - -",
            "27002>0001112240 collection_add - - -",
        ]
    );
}

#[test]
fn retailrocket() {
    let files: [(&str, &[u8]); 2] = [
        ("events.csv", b"timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n1433222276276,599528,transaction,356475,4000\n"),
        ("category_tree.csv", b"categoryid,parentid\n1016,213\n"),
    ];
    assert_eq!(
        read("retailrocket", &files),
        ["257597>355908 view - - 2015-06-02T05:02:12", "599528>356475 export - - 2015-06-02T05:17:56"]
    );
}

#[test]
fn steam_200k() {
    let files: [(&str, &[u8]); 1] = [(
        "steam-200k.csv",
        b"151603712,The Elder Scrolls V Skyrim,purchase,1.0,0\n151603712,The Elder Scrolls V Skyrim,play,273.0,0\n\
          151603712,\"Warhammer 40,000 Dawn of War II\",purchase,1.0,0\n151603712,The Elder Scrolls V Skyrim,play,0.5,0\n",
    )];
    assert_eq!(
        read("steam", &files),
        [
            "151603712>The Elder Scrolls V Skyrim collection_add - - -",
            "151603712>The Elder Scrolls V Skyrim export - 273 -",
            "151603712>Warhammer 40,000 Dawn of War II collection_add - - -",
            "151603712>The Elder Scrolls V Skyrim export - 0.5 -",
        ]
    );
}

#[test]
fn lastfm_hetrec_and_360k() {
    let files: [(&str, &[u8]); 5] = [
        (
            "artists.dat",
            "id\tname\turl\tpictureURL\n1\tMALICE MIZER\thttp://x\thttp://y\n2\t\"Weird Al\tu\tp\n"
                .as_bytes(),
        ),
        ("user_artists.dat", b"userID\tartistID\tweight\n2\t1\t13883\n"),
        ("tags.dat", b"tagID\ttagValue\n13\tvisual kei\n"),
        ("user_taggedartists.dat", b"userID\tartistID\ttagID\tday\tmonth\tyear\n2\t1\t13\t1\t4\t2009\n"),
        ("user_friends.dat", b"userID\tfriendID\n2\t275\n"),
    ];
    assert_eq!(
        read("lastfm", &files),
        ["1|MALICE MIZER|||visual kei|", "2|\"Weird Al||||", "2>1 export - 13883 -"]
    );
    let files: [(&str, &[u8]); 1] = [(
        "usersha1-artmbid-artname-plays.tsv",
        b"00000c\t3bd73256\tbetty blowtorch\t2137\n00000c\t\tdie \xc3\x84rzte\t1099\n00000d\t3bd7\t\t12\n\
          00000d\t4bd7\t\"weird al\t9\n",
    )];
    assert_eq!(
        read("lastfm", &files),
        [
            "00000c>betty blowtorch export - 2137 -",
            "00000c>die Ärzte export - 1099 -",
            "usersha1-artmbid-artname-plays.tsv:3: artist is empty; expected an id",
            "00000d>\"weird al export - 9 -",
        ]
    );
}

#[test]
fn yelp() {
    let files: [(&str, &[u8]); 2] = [
        (
            "yelp_academic_dataset_business.json",
            b"{\"business_id\":\"b1\",\"name\":\"Tea House\",\"city\":\"Reno\",\"stars\":4.5,\"is_open\":1,\"attributes\":{\"WiFi\":\"u'free'\"},\"categories\":\"Food, Tea Rooms\",\"hours\":null}\n",
        ),
        (
            "yelp_academic_dataset_review.json",
            b"{\"review_id\":\"r\",\"user_id\":\"u1\",\"business_id\":\"b1\",\"stars\":2.0,\"useful\":0,\"text\":\"x\",\"date\":\"2018-07-07 22:09:11\"}\n",
        ),
    ];
    assert_eq!(
        read("yelp", &files),
        ["b1|Tea House|||Food+Tea Rooms|", "u1>b1 rating 2 - 2018-07-07T22:09:11"]
    );
}

#[test]
fn recbole() {
    let files: [(&str, &[u8]); 3] = [
        ("ml-100k.inter", b"user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\n"),
        ("ml-100k.item", b"item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n242\tToy Story\t1995\tAnimation Comedy\n"),
        ("ml-100k.user", b"user_id:token\tage:token\n196\t24\n"),
    ];
    assert_eq!(
        read("recbole", &files),
        ["242|Toy Story|||Animation+Comedy|1995-01-01", "196>242 rating 3 - 1997-12-04T15:55:49"]
    );
}

#[test]
fn gorse() {
    let lines: [(&str, &[u8]); 3] = [
        ("items.jsonl", b"{\"ItemId\":\"a\",\"IsHidden\":false,\"Categories\":[\"tea\"],\"Timestamp\":\"2023-01-02T00:00:00Z\",\"Labels\":null,\"Comment\":\"Green tea\"}\n"),
        ("feedback.jsonl", b"{\"FeedbackType\":\"star\",\"UserId\":\"u\",\"ItemId\":\"a\",\"Timestamp\":\"2023-03-04T17:05:09Z\",\"Comment\":\"\"}\n"),
        ("users.jsonl", b"{\"UserId\":\"u\",\"Labels\":null}\n"),
    ];
    let expected = ["a|Green tea|||tea|2023-01-02", "u>a collection_add - - 2023-03-04T17:05:09"];
    assert_eq!(read("gorse", &lines), expected);
    let tables: [(&str, &[u8]); 2] = [
        ("items.csv", b"item_id,is_hidden,categories,time_stamp,labels,description\na,false,tea,2023-01-02 00:00:00 +0000 UTC,,Green tea\n"),
        ("feedback.csv", b"feedback_type,user_id,item_id,time_stamp\nstar,u,a,2023-03-04 17:05:09\n"),
    ];
    assert_eq!(read("gorse", &tables), expected);
}

#[test]
fn amazon_of_2014_2018_and_2023() {
    let of_2014: [(&str, &[u8]); 3] = [
        ("meta_Books.json", b"{'asin': 'A1', 'title': \"O'Tea\", 'categories': [['Books', 'Tea']], 'price': 9.5, 'related': {'also_bought': ['A2']}}\n{'asin': 'A2'}\n"),
        ("reviews_Books_5.json", b"{\"reviewerID\": \"R1\", \"asin\": \"A1\", \"reviewerName\": \"x\", \"helpful\": [0, 1], \"overall\": 5.0, \"unixReviewTime\": 1393632000, \"reviewTime\": \"03 1, 2014\"}\n"),
        ("ratings_Books.csv", b"R2,A2,4.0,1393632000\n"),
    ];
    assert_eq!(
        read("amazon", &of_2014),
        [
            "A1|O'Tea|||Books+Tea|",
            "A2|A2||||",
            "R2>A2 rating 4 - 2014-03-01T00:00:00",
            "R1>A1 rating 5 - 2014-03-01T00:00:00",
        ]
    );
    let of_2018: [(&str, &[u8]); 2] = [
        ("meta_Toys.json", b"{\"asin\": \"A1\", \"title\": \"Tea\", \"category\": [\"Toys\"], \"description\": [\"one\", \"two\"], \"brand\": \"B\"}\n"),
        ("Toys_5.json", b"{\"overall\": 1.0, \"vote\": \"2\", \"verified\": true, \"reviewerID\": \"R1\", \"asin\": \"A1\", \"style\": {\"Color:\": \"red\"}, \"unixReviewTime\": 1393632000}\n"),
    ];
    assert_eq!(read("amazon", &of_2018), ["A1|Tea|one\ntwo||Toys|", "R1>A1 rating 1 - 2014-03-01T00:00:00"]);
    let of_2023: [(&str, &[u8]); 2] = [
        ("meta_Beauty.jsonl", b"{\"main_category\": \"Beauty\", \"title\": \"Soap\", \"features\": [], \"description\": [\"Soft\"], \"price\": null, \"store\": \"S\", \"categories\": [], \"details\": {}, \"parent_asin\": \"P1\"}\n"),
        ("Beauty.jsonl", b"{\"rating\": 5.0, \"title\": \"Nice\", \"text\": \"x\", \"images\": [], \"asin\": \"C1\", \"parent_asin\": \"P1\", \"user_id\": \"U1\", \"timestamp\": 1588687728923, \"helpful_vote\": 0, \"verified_purchase\": true}\n"),
    ];
    assert_eq!(read("amazon", &of_2023), ["P1|Soap|Soft|||", "U1>P1 rating 5 - 2020-05-05T14:08:48"]);
}

#[test]
fn a_folder_without_the_files_of_a_set_says_which_it_has() {
    let folder = tempfile::tempdir().unwrap();
    for set in KNOWN_SETS {
        let error = set.find(&[folder.path().to_owned()], &FileMapping::default()).unwrap_err();
        assert!(error.to_string().contains(&format!("expected {}, there is none", set.files)), "{error}");
        assert!(
            set.text.parse::<Mapping>().is_ok_and(|mapping| mapping.file.iter().all(|f| f.kind.is_some()))
        );
    }
}

#[test]
fn files_of_other_sites_are_no_set_whatever_their_names() {
    for (set, files) in [
        (
            "amazon",
            &[("products.csv", "id,title\na,One\n"), ("orders.csv", "user_id,item_id,rating\nu,a,5\n")][..],
        ),
        ("amazon", &[("orders.csv", "user_id,item_id,rating\nu,a,5\n")]),
        ("amazon", &[("clicks.json", "{\"user\":\"u\",\"item\":\"a\"}\n")]),
        ("movielens", &[("ratings.csv", "user,book,rating\nu,a,10\n")]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        let set = KnownSet::named(set).unwrap();
        let found = set.find(&[folder.path().to_owned()], &FileMapping::default()).unwrap();
        assert!(!has_columns_of_set(&found, &LocalFiles), "{files:?}");
    }
}
