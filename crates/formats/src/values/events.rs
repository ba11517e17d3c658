//! Names of events that shops and media have, and the interaction types that they mean.

/// Interaction type of each name, in lower case and without separators.
const KNOWN: [(&str, &str); 5] = [
    (
        "view",
        "view viewed views pageview itemview productview viewitem detail detailview click clicks \
        clicked impression visit open opened pv seen viewcontent viewproduct productviewed \
        itemviewed pageviewed screenview productclicked selectitem",
    ),
    (
        "collection_add",
        "addtocart cart addcart basket addtobasket addtobag like liked likes upvote favourite \
        favorite favourited favorited fav favourites favorites star starred bookmark bookmarked \
        save saved wishlist addtowishlist collect wanttoread toread wishtoread follow subscribe \
        thumbsup own owned playlistadd addedtocart productadded itemadded \
        addtofavorites addtofavourites addtolist productaddedtowishlist",
    ),
    (
        "export",
        "purchase purchased purchases buy bought transaction order ordered orders checkout sale \
        paid payment download downloaded share shared play played plays listen listened watch \
        watched read borrow borrowed loan rent rented book booked conversion convert complete \
        completed finish finished ordercompleted orderplaced productpurchased stream streamed \
        forward forwarded",
    ),
    ("annotation", "annotate annotated note comment commented review reviewed tag tagged reply"),
    (
        "dismiss",
        "dismiss dismissed dislike disliked hide block blocked notinterested downvote thumbsdown \
        ban hate",
    ),
];
const RATINGS: [&str; 5] = ["rate", "rated", "ratings", "rating", "stars"];

/// Returns the interaction type that the name of an event means.
pub(crate) fn meant(name: &str) -> Option<&'static str> {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if RATINGS.contains(&plain.as_str()) {
        return Some("rating");
    }
    if plain == "collectionadd" {
        return Some("collection_add");
    }
    if plain == "export" || plain == "annotation" {
        return Some(if plain == "export" { "export" } else { "annotation" });
    }
    KNOWN
        .into_iter()
        .find(|(_, names)| names.split_whitespace().any(|name| name == plain))
        .map(|(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_events_mean_types() {
        for (name, expected) in [
            ("addtocart", Some("collection_add")),
            ("Add to cart", Some("collection_add")),
            ("favourite", Some("collection_add")),
            ("transaction", Some("export")),
            ("page_view", Some("view")),
            ("Not-Interested", Some("dismiss")),
            ("Product Viewed", Some("view")),
            ("view_item", Some("view")),
            ("Order Completed", Some("export")),
            ("stars", Some("rating")),
            ("teleport", None),
            ("", None),
        ] {
            assert_eq!(meant(name), expected, "{name}");
        }
    }

    #[test]
    fn no_name_has_two_types() {
        let mut names: Vec<&str> =
            KNOWN.into_iter().flat_map(|(_, names)| names.split_whitespace()).collect();
        let n = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n);
    }
}
