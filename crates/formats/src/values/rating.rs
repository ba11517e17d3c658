//! Scales of ratings, and their mapping to 0.5 to 5 stars.

use std::{fmt, str::FromStr};

/// Scale of the ratings of a file, such as `1..10`.
///
/// A scale that ends at 5 and begins at 0.5 or 1 is that of the store. Any other is mapped by a
/// straight line, its low end to 0.5 and its high end to 5. All ratings are rounded to half stars.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    pub(crate) low: f64,
    pub(super) high: f64,
}

/// The scale of the store.
pub(crate) const STARS: Scale = Scale { low: 0.5, high: 5.0 };
/// The scale of 0 and 1.
pub(crate) const OPINION: Scale = Scale { low: 0.0, high: 1.0 };

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.low, self.high)
    }
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ends =
            text.split_once("..").and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        let scale = ends.map(|(low, high)| Self { low, high });
        scale.filter(|scale| scale.low < scale.high && (scale.high - scale.low).is_finite()).ok_or_else(
            || format!("rating scale: expected LOW..HIGH such as 1..10 or 0..100, got \"{text}\""),
        )
    }
}

impl Scale {
    fn is_stars(self) -> bool {
        self.high == 5.0 && self.low >= 0.5
    }

    /// Returns the stars of a rating, in halves.
    ///
    /// # Errors
    /// Returns a reason if the rating is not on the scale.
    pub(crate) fn stars(self, rating: f64) -> Result<f64, String> {
        let lowest = if self.is_stars() { STARS.low } else { self.low };
        if !(lowest..=self.high).contains(&rating) {
            // The words of the store for its own scale.
            let scale =
                if self.is_stars() { "0.5 to 5".to_owned() } else { format!("{lowest} to {}", self.high) };
            return Err(format!("rating: expected {scale}, got {rating}"));
        }
        let stars =
            if self.is_stars() { rating } else { 0.5 + 4.5 * (rating - self.low) / (self.high - self.low) };
        Ok(((stars * 2.0).round() / 2.0).max(0.5))
    }
}

/// Returns the stars of a rating that names its scale: `8/10` and `8 out of 10` are 4 stars.
pub(crate) fn fraction(text: &str) -> Option<f64> {
    // Most ratings are plain numbers.
    if !text.contains(['/', 'o', 'O']) {
        return None;
    }
    let text = text.trim().to_ascii_lowercase();
    let (part, whole) = ["out of", "of", "/"].into_iter().find_map(|between| text.split_once(between))?;
    let whole = whole.trim().trim_end_matches("stars").trim_end_matches("star");
    let (part, whole) = (part.trim().parse::<f64>().ok()?, whole.trim().parse::<f64>().ok()?);
    (part >= 0.0 && part <= whole && whole > 0.0).then_some(part / whole * STARS.high)
}

/// Returns the rating that is no number: `true` and `yes` are 1, `false` and `no` are 0, `★★★☆☆` is
/// 3, `80%` is 80, and `4 stars` is 4.
pub(crate) fn marked(text: &str) -> Option<f64> {
    let text = text.trim();
    if let Some(share) = text.strip_suffix('%') {
        return share.trim().parse().ok().filter(|share: &f64| share.is_finite());
    }
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "true" | "yes" => return Some(1.0),
        "false" | "no" => return Some(0.0),
        _ => {}
    }
    if let Some(counted) = lower.strip_suffix("stars").or_else(|| lower.strip_suffix("star")) {
        return counted.trim().parse().ok().filter(|stars: &f64| stars.is_finite());
    }
    // A variation selector may follow a star.
    let is_stars = !text.is_empty() && text.chars().all(|c| "★⭐☆✩\u{fe0f}".contains(c));
    is_stars.then(|| text.chars().filter(|c| "★⭐".contains(*c)).count() as f64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn words_stars_and_shares_are_ratings() {
        for (text, expected) in [
            ("true", Some(1.0)),
            ("No", Some(0.0)),
            ("★★★☆☆", Some(3.0)),
            ("⭐️⭐️", Some(2.0)),
            ("80 %", Some(80.0)),
            ("good", None),
            ("4/5", Some(4.0)),
            ("8/10", Some(4.0)),
            ("4.0 out of 5 stars", Some(4.0)),
            ("1 star", Some(1.0)),
            ("6/5", None),
            ("3 cups", None),
            ("", None),
        ] {
            assert_eq!(fraction(text).or_else(|| marked(text)), expected, "{text}");
        }
    }

    #[test]
    fn ratings_are_mapped_to_half_stars() {
        for (scale, rating, stars) in [
            ("1..5", 3.0, 3.0),
            ("0.5..5", 2.8978, 3.0),
            ("1..10", 7.0, 3.5),
            ("1..10", 1.0, 0.5),
            ("0..10", 8.0, 4.0),
            ("0..1", 0.0, 0.5),
            ("0..1", 1.0, 5.0),
            ("0..100", 85.0, 4.5),
            ("-10..10", -3.5, 2.0),
            ("-10..10", 9.9, 5.0),
        ] {
            assert_eq!(scale.parse::<Scale>().unwrap().stars(rating), Ok(stars), "{rating} of {scale}");
        }
        assert!("1..10".parse::<Scale>().unwrap().stars(0.0).is_err());
        for text in ["5", "5..1", "a..b", "1..inf"] {
            assert!(text.parse::<Scale>().is_err(), "{text}");
        }
    }
}
