//! The columns that files have, by the names that are common for them.

use std::{fmt, str::FromStr};

use super::Kind;

/// The meaning of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    User,
    Item,
    Type,
    Rating,
    Count,
    DwellSeconds,
    ScrollDepth,
    Time,
    Id,
    Title,
    Text,
    Authors,
    Subjects,
    Source,
    Language,
    Url,
    PublishedAt,
    Quality,
    Hidden,
    Key,
    Attributes,
    Links,
    Target,
    LinkKind,
    Weight,
    Label,
    Property,
    Value,
}

/// Name of each role, as mappings write it.
const NAMES: [(Role, &str); 28] = [
    (Role::User, "user"),
    (Role::Item, "item"),
    (Role::Type, "type"),
    (Role::Rating, "rating"),
    (Role::Count, "count"),
    (Role::DwellSeconds, "dwell_seconds"),
    (Role::ScrollDepth, "scroll_depth"),
    (Role::Time, "time"),
    (Role::Id, "id"),
    (Role::Title, "title"),
    (Role::Text, "text"),
    (Role::Authors, "authors"),
    (Role::Subjects, "subjects"),
    (Role::Source, "source"),
    (Role::Language, "language"),
    (Role::Url, "url"),
    (Role::PublishedAt, "published_at"),
    (Role::Quality, "quality"),
    (Role::Hidden, "hidden"),
    (Role::Key, "key"),
    (Role::Attributes, "attributes"),
    (Role::Links, "links"),
    (Role::Target, "target"),
    (Role::LinkKind, "kind"),
    (Role::Weight, "weight"),
    (Role::Label, "label"),
    (Role::Property, "property"),
    (Role::Value, "value"),
];

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(role, _)| role == self).map_or("", |(_, name)| name))
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let role = NAMES.iter().find(|(_, name)| *name == text).map(|(role, _)| *role);
        role.ok_or_else(|| {
            let known: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
            format!("expected one of {} before the column, got \"{text}\"", known.join(", "))
        })
    }
}

const USER: &str = "user_id userid uid visitorid visitor_id reviewer_id customer_id customerid member_id \
    memberid account_id client_id reader_id listener_id user user_name username profile_id \
    session_id sessionid";
const ITEM: &str = "resource_id item_id itemid parent_asin asin business_id movie_id movieid product_id \
    productid book_id bookid song_id track_id artist_id artistid game_id anime_id article_id \
    video_id content_id news_id document_id doc_id recipe_id app_id course_id goods_id sku isbn \
    item product iid items item_ids resource_ids product_ids products";
const TYPE: &str = "interaction_type feedback_type event_type event action_type action behavior_type \
    behavior behaviour type";
const RATING: &str = "rating overall stars score book_rating user_rating review_score rating_score \
    liked is_liked";
const COUNT: &str = "count plays play_count playcount listen_count quantity qty n_plays times_played";
const TIME: &str = "occurred_at timestamp unix_review_time time_stamp time datetime date_time event_time \
    created_at created ts date review_time review_date rated_at played_at date_added \
    last_updated";
const ID: &str = "id resource_id item_id itemid parent_asin asin business_id movie_id movieid \
    product_id productid book_id bookid song_id track_id artist_id artistid game_id anime_id \
    article_id video_id content_id news_id document_id doc_id recipe_id app_id course_id \
    goods_id sku isbn item product _id";
const TITLE: &str = "title name movie_title book_title item_name item_title product_name product_title \
    headline artist_name track_name song_title original_title";
const TEXT: &str = "text description abstract overview content summary plot synopsis body comment";
const AUTHORS: &str = "authors author book_author artist artists creator creators director directors writer";
const SUBJECTS: &str = "subjects genres genre categories category tags labels keywords topics class subject";
const SOURCE: &str = "source publisher journal venue brand store";
const LANGUAGE: &str = "language lang language_code";
const URL: &str = "url link imdb_url movie_url";
const PUBLISHED: &str = "published_at published publication_date release_date released_at date_published pub_date \
    year_of_publication original_publication_year publication_year release_year year date \
    timestamp time_stamp";

/// Columns of 0 and 1 that say whether a user liked what was shown, as sets for training have them.
pub(crate) const OPINIONS: [&str; 3] = ["label", "target", "response"];

/// Returns the roles of the columns of a kind of rows, each with the names that are recognised, in
/// lower case with `_` between words and blanks between names. The first is that of the store.
pub(crate) fn roles(kind: Kind) -> &'static [(Role, &'static str)] {
    match kind {
        Kind::Interactions => &[
            (Role::User, USER),
            (Role::Item, ITEM),
            (Role::Type, TYPE),
            (Role::Rating, RATING),
            (Role::Count, COUNT),
            (Role::DwellSeconds, "dwell_seconds dwell_time duration_seconds"),
            (Role::ScrollDepth, "scroll_depth"),
            (Role::Time, TIME),
            (Role::Title, ""),
        ],
        Kind::Resources => &[
            (Role::Id, ID),
            (Role::Title, TITLE),
            (Role::Text, TEXT),
            (Role::Authors, AUTHORS),
            (Role::Subjects, SUBJECTS),
            (Role::Source, SOURCE),
            (Role::Language, LANGUAGE),
            (Role::Url, URL),
            (Role::PublishedAt, PUBLISHED),
            (Role::Quality, "quality"),
            (Role::Hidden, "hidden is_hidden"),
            (Role::Attributes, "attributes"),
            (Role::Links, "links"),
            (Role::Key, ""),
        ],
        Kind::Links => &[
            (Role::Source, "source source_id from"),
            (Role::Target, "target target_id to"),
            (Role::LinkKind, "kind link_type relation"),
            (Role::Weight, "weight"),
        ],
        Kind::Texts => &[(Role::Id, ID), (Role::Text, "text tag comment")],
        Kind::Labels => &[(Role::Id, ID), (Role::Label, "label tag_id tag category")],
        Kind::Properties => &[
            (Role::Id, ID),
            (Role::Property, "property property_name attribute"),
            (Role::Value, "value property_value"),
            (Role::Time, TIME),
        ],
        Kind::Names => &[(Role::Id, "id tag_id"), (Role::Title, "title name tag_name tag")],
    }
}

/// Roles that a kind of rows cannot do without.
pub(super) fn required(kind: Kind) -> &'static [Role] {
    match kind {
        Kind::Interactions => &[Role::User, Role::Item],
        Kind::Resources => &[Role::Id],
        Kind::Links => &[Role::Source, Role::Target],
        Kind::Texts => &[Role::Id, Role::Text],
        Kind::Labels => &[Role::Id, Role::Label],
        Kind::Properties => &[Role::Id, Role::Property, Role::Value],
        Kind::Names => &[Role::Id, Role::Title],
    }
}

/// Returns a name in lower case with `_` between its words: `User-ID`, `userId` and
/// `user_id:token` are all `user_id`.
pub(crate) fn normal(name: &str) -> String {
    let name = name.trim();
    let plain = match name.rsplit_once(':') {
        Some((plain, "token" | "float" | "token_seq" | "float_seq")) => plain,
        _ => name,
    };
    let mut out = String::with_capacity(plain.len());
    let mut was_lower = false;
    for c in plain.chars() {
        if c == '-' || c == ' ' || c == '.' {
            out.push('_');
        } else {
            if c.is_uppercase() && was_lower {
                out.push('_');
            }
            out.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_in_one_form() {
        for (name, expected) in [
            ("User-ID", "user_id"),
            ("userId", "user_id"),
            ("reviewerID", "reviewer_id"),
            ("user_id:token", "user_id"),
            ("unixReviewTime", "unix_review_time"),
            ("Year-Of-Publication", "year_of_publication"),
            (" ISBN ", "isbn"),
            ("time:stamp", "time:stamp"),
        ] {
            assert_eq!(normal(name), expected, "{name}");
        }
    }

    #[test]
    fn every_role_has_a_name_that_is_read_back() {
        for (role, name) in NAMES {
            assert_eq!(name.parse(), Ok(role));
            assert_eq!(role.to_string(), name);
        }
        assert!("usr".parse::<Role>().is_err_and(|why| why.contains("user, item, type")));
    }
}
