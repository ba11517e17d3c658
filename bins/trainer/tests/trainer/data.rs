//! Small data sets in every format.

use crate::program::Place;

pub fn movielens(place: &Place) {
    place.write(
        "ml/movies.csv",
        "movieId,title,genres\n1,Toy Story (1995),Adventure|Animation\n2,\"Sabrina, again (1954)\",Comedy\n\
         3,Untitled,(no genres listed)\n",
    );
    place.write(
        "ml/ratings.csv",
        "userId,movieId,rating,timestamp\n1,1,4.5,1260759144\n1,2,1.0,1260759179\n2,1,3,835355493\n",
    );
    place.write(
        "ml/tags.csv",
        "userId,movieId,tag,timestamp\n1,1,pixar,1138537770\n2,1,toys alive,1138537771\n",
    );
}

pub fn movielens_dat(place: &Place) {
    // 0xe9 is é in ISO-8859-1.
    place.write(
        "ml1m/movies.dat",
        b"1::Les Mis\xe9rables (1995)::Drama|Musical\n2::Jumanji (1995)::Adventure\n",
    );
    place.write("ml1m/ratings.dat", "1::1::5::978300760\n6040::2::3::956704056\n");
    place.write("ml1m/users.dat", "1::F::1::10::48067\n");
}

pub fn citeulike(place: &Place) {
    place.write("cu/users.dat", "2 0 2\n1 1\n0\n");
    place.write("cu/vocabulary.dat", "xylem\nwater\nroots\n");
    place.write("cu/mult.dat", "2 0:1 1:2\n1 2:1\n0\n");
    place.write("cu/tags.dat", "plants\nhydrology\n");
    place.write("cu/tag-item.dat", "1 0\n2 0 1\n");
    place.write("cu/citations.dat", "1 1\n0\n2 0 1\n");
}

pub fn csv(place: &Place) {
    place.write(
        "resources.csv",
        "id,title,text,authors,subjects,published_at,quality,hidden\n\
         a,First,\"about, tea\",Ada|Bo,tea|china,2024-05-01,0.9,false\n\
         b,Second,,,,2023-01-01T00:00:00Z,,true\n",
    );
    place.write("links.csv", "source,target,kind,weight\na,b,citation,2.5\n");
    place.write(
        "interactions.csv",
        "user_id,resource_id,interaction_type,rating,dwell_seconds,scroll_depth,occurred_at\n\
         u,a,view,,300,0.5,2024-06-01T10:00:00Z\nu,b,rating,4.5,,,1717236000\nv,a,collection_add,,,,\n",
    );
}

pub const CSV: [&str; 8] = [
    "import",
    "csv",
    "--resources",
    "resources.csv",
    "--links",
    "links.csv",
    "--interactions",
    "interactions.csv",
];

pub fn jsonl(place: &Place) {
    // The interaction and the link come before their resources.
    place.write(
        "all.jsonl",
        r#"{"type":"interaction","user_id":"u","resource_id":"a","interaction_type":"export","occurred_at":"2024-06-01T10:00:00Z"}
{"type":"link","source":"a","target":"b","kind":"citation","weight":0.5}
{"type":"resource","id":"a","title":"First","subjects":["tea"],"attributes":{"shelf":7}}

{"type":"resource","id":"b","title":"Second","links":[{"target":"a","kind":"citation","weight":1}]}
"#,
    );
}
