//! The ratings of a column, and the scale that they show.

use super::rating::{STARS, Scale};

/// High ends of scales that begin at 0 or 1.
const HIGH_ENDS: [f64; 3] = [10.0, 20.0, 100.0];
/// High ends of scales around 0.
const SYMMETRIC_ENDS: [f64; 5] = [1.0, 2.0, 5.0, 10.0, 100.0];
/// Share of a scale that the highest rating must reach, so that the scale is recognised.
const MIN_REACH: f64 = 0.8;
/// Number of ratings, at least, among which one alone can be off the scale.
const MIN_OTHERS: u64 = 10;
/// Number of ratings in a row, at least, that show another scale.
const MIN_RUN: u64 = 6;

/// The ratings of one column.
#[derive(Debug, Clone, Default)]
pub(crate) struct RatingColumn {
    n: u64,
    lowest: Extreme,
    highest: Extreme,
    /// Line of the first of the largest ratings.
    max_line: u64,
    zeros: u64,
    /// True if some rating is between two halves.
    has_finer: bool,
    runs: [Run; 3],
    /// Ratings up to 5 and not 0, and those between 5 and 10.
    up_to_five: u64,
    five_to_ten: u64,
}

/// The least or the largest rating, how often it occurs, and the next to it.
#[derive(Debug, Clone, Copy, Default)]
struct Extreme {
    rating: f64,
    n: u64,
    next: Option<f64>,
}

impl Extreme {
    /// Adds a rating. Returns true if it lies beyond all before.
    fn add(&mut self, rating: f64, is_further: impl Fn(f64, f64) -> bool) -> bool {
        let is_new = self.n == 0 || is_further(rating, self.rating);
        if is_new {
            *self = Self { rating, n: 1, next: (self.n > 0).then_some(self.rating) };
        } else if rating == self.rating {
            self.n += 1;
        } else if self.next.is_none_or(|next| is_further(rating, next)) {
            self.next = Some(rating);
        }
        is_new
    }

    /// Returns the extreme of all ratings but one of the furthest.
    fn of_others(self) -> f64 {
        if self.n > 1 { self.rating } else { self.next.unwrap_or(self.rating) }
    }

    /// Returns what to say if this is one of the numbers that mean no rating: no other rating
    /// `is_like` it.
    fn refused(self, means_none: &[f64], is_like: impl Fn(f64) -> bool) -> Result<(), String> {
        let (rating, Some(next)) = (self.rating, self.next) else { return Ok(()) };
        if !means_none.contains(&rating) || is_like(next) {
            return Ok(());
        }
        Err(format!(
            "{} ratings are {rating}, and the next is {next}: {rating} seems to mean that there is no rating. Empty \
             those cells, or write 0 and say --unrated TYPE; if it is a rating, say the scale by --rating-scale",
            self.n
        ))
    }
}

/// Ratings at the start and at the end of a file that are at most [`Run::LIMITS`].
#[derive(Debug, Clone, Default)]
struct Run {
    start: Part,
    end: Part,
    has_higher: bool,
    /// Lines of the first and of the newest rating that is higher.
    first_higher: u64,
    last_higher: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    n: u64,
    min: f64,
    max: f64,
}

impl Part {
    fn add(&mut self, rating: f64) {
        (self.min, self.max) =
            if self.n == 0 { (rating, rating) } else { (self.min.min(rating), self.max.max(rating)) };
        self.n += 1;
    }

    /// Returns true if the part is long enough, and uses a scale up to `limit` from end to end.
    fn is_scale(self, limit: f64, all: u64) -> bool {
        self.n >= MIN_RUN.max(all / 5) && self.max >= MIN_REACH * limit && self.min <= 0.4 * limit
    }
}

impl Run {
    const LIMITS: [f64; 3] = [1.0, 5.0, 10.0];
}

impl RatingColumn {
    pub fn add(&mut self, line: u64, rating: f64) {
        self.n += 1;
        self.lowest.add(rating, |a, b| a < b);
        if self.highest.add(rating, |a, b| a > b) {
            self.max_line = line;
        }
        self.zeros += u64::from(rating == 0.0);
        self.has_finer |= (rating * 2.0).fract() != 0.0;
        self.up_to_five += u64::from(rating > 0.0 && rating <= 5.0);
        self.five_to_ten += u64::from(rating > 5.0 && rating < 10.0);
        for (run, limit) in self.runs.iter_mut().zip(Run::LIMITS) {
            if rating > limit {
                if !run.has_higher {
                    run.first_higher = line;
                }
                run.has_higher = true;
                run.last_higher = line;
                run.end = Part::default();
            } else if run.has_higher {
                run.end.add(rating);
            } else {
                run.start.add(rating);
            }
        }
    }

    /// Decides the scale, unless the caller says it. Returns it with what to say about it. Ratings
    /// of our own format are stars as long as all of them can be.
    ///
    /// # Errors
    /// Returns what is wrong if the ratings fit no known scale, or two.
    pub fn scale(
        &self,
        said: Option<Scale>,
        zero_is_unrated: bool,
        is_own: bool,
    ) -> Result<(Scale, Option<String>), String> {
        if let Some(scale) = said {
            return Ok((scale, None));
        }
        if self.n == 0 || zero_is_unrated && self.zeros == self.n {
            return Ok((STARS, None));
        }
        let min = if zero_is_unrated && self.lowest.rating == 0.0 { 1.0 } else { self.lowest.rating };
        let may_be_stars = min >= STARS.low && self.highest.rating <= STARS.high;
        let scale = if is_own && may_be_stars { STARS } else { self.detected(min)? };
        if min >= 0.0 {
            self.refuse_second(scale)?;
        }
        if scale == STARS && !self.has_finer {
            let may_be_other =
                !is_own && self.n >= MIN_OTHERS && self.highest.rating < MIN_REACH * STARS.high;
            let said = may_be_other.then(|| {
                let (low, high) = (min, self.highest.rating);
                format!(
                    "ratings from {low} to {high} are read as stars, of which 5 are the most; if {high} is, say \
                     --rating-scale {low}..{high}"
                )
            });
            return Ok((scale, said.filter(|_| min < self.highest.rating)));
        }
        let rule = if scale == STARS {
            "rounded to half stars".to_owned()
        } else {
            format!("mapped to 0.5..5: {} is 0.5, {} is 5", scale.low, scale.high)
        };
        let zero = if self.zeros > 0 && self.lowest.rating == 0.0 && scale.high > 1.0 && !zero_is_unrated {
            "; if 0 means not rated, say --unrated TYPE"
        } else {
            ""
        };
        Ok((
            scale,
            Some(format!(
                "ratings from {} to {} are on the scale {scale}, {rule}{zero}",
                self.lowest.rating, self.highest.rating
            )),
        ))
    }

    fn unknown(&self) -> String {
        if self.n >= MIN_OTHERS
            && HIGH_ENDS.iter().chain(&[5.0, 1.0]).any(|high| reaches(self.highest.of_others(), *high))
        {
            return format!(
                "line {} has the rating {}, all others are at most {}; correct that line or take it out, or say the \
                 scale by --rating-scale",
                self.max_line,
                self.highest.rating,
                self.highest.of_others()
            );
        }
        format!(
            "ratings from {} to {} are on no scale that is recognised; say it by --rating-scale, such as \
             --rating-scale 1..10",
            self.lowest.rating, self.highest.rating
        )
    }

    fn detected(&self, min: f64) -> Result<Scale, String> {
        let max = self.highest.rating;
        self.lowest.refused(&[-1.0, -9.0, -99.0, -999.0], |next| next < 0.0 || max <= 1.0)?;
        self.highest.refused(&[99.0, 999.0, 9999.0], |next| next > 20.0)?;
        if min < 0.0 {
            let end = SYMMETRIC_ENDS.into_iter().find(|end| min >= -end && max <= *end);
            return end
                .filter(|end| max.max(-min) >= MIN_REACH * end)
                .map(|high| Scale { low: -high, high })
                .ok_or_else(|| self.unknown());
        }
        if max <= 1.0 {
            return match (min, max) {
                (1.0, 1.0) if self.n >= 10 => Err(format!(
                    "all {} ratings are 1, which can be one star of five or a mark for what was chosen; say \
                     --rating-scale 1..5 or 0..1",
                    self.n
                )),
                (0.5.., _) if self.n < 10 => Ok(STARS),
                _ if reaches(max, 1.0) => Ok(Scale { low: 0.0, high: 1.0 }),
                _ => Err(self.unknown()),
            };
        }
        if max <= 5.0 {
            return Ok(if min >= 0.5 { STARS } else { Scale { low: 0.0, high: 5.0 } });
        }
        let high = HIGH_ENDS.into_iter().find(|high| reaches(max, *high)).ok_or_else(|| self.unknown())?;
        Ok(Scale { low: if high == 10.0 && min >= 1.0 { 1.0 } else { 0.0 }, high })
    }

    fn two_scales(&self, scale: Scale, other: f64, place: String) -> Result<(), String> {
        Err(format!(
            "the ratings are on two scales: {place}; up to {other} there and up to {} elsewhere. Bring them to one \
             scale, or say --rating-scale {scale} if they are on it",
            self.highest.rating
        ))
    }

    /// Refuses a file whose first or last part is on a smaller scale than the rest.
    fn refuse_second(&self, scale: Scale) -> Result<(), String> {
        for (run, limit) in self.runs.iter().zip(Run::LIMITS).filter(|(_, limit)| *limit < scale.high) {
            if run.start.is_scale(limit, self.n) {
                return self.two_scales(
                    scale,
                    limit,
                    format!("the {} before line {}", run.start.n, run.first_higher),
                );
            }
            if run.end.is_scale(limit, self.n) {
                return self.two_scales(
                    scale,
                    limit,
                    format!("the {} after line {}", run.end.n, run.last_higher),
                );
            }
        }
        if scale.high == 100.0 && self.up_to_five * 10 >= self.n && self.five_to_ten == 0 {
            return self.two_scales(
                scale,
                5.0,
                format!("{} of {}, mixed with the others", self.up_to_five, self.n),
            );
        }
        Ok(())
    }
}

fn reaches(max: f64, high: f64) -> bool {
    max <= high && max >= MIN_REACH * high
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn column(ratings: &[f64]) -> RatingColumn {
        let mut column = RatingColumn::default();
        for (line, rating) in (2..).zip(ratings) {
            column.add(line, *rating);
        }
        column
    }

    fn detected(ratings: &[f64]) -> Result<String, String> {
        column(ratings).scale(None, false, false).map(|(scale, _)| scale.to_string())
    }

    #[test]
    fn a_scale_is_recognised_by_all_its_ratings() {
        for (ratings, expected) in [
            (&[0.0, 1.0, 1.0][..], "0..1"),
            (&[1.0, 2.0, 5.0], "0.5..5"),
            (&[0.7, 2.8978, 4.9999], "0.5..5"),
            (&[0.0, 3.0, 5.0], "0..5"),
            (&[1.0, 7.0, 10.0], "1..10"),
            (&[0.0, 7.0, 10.0], "0..10"),
            (&[85.0, 20.0, 100.0], "0..100"),
            (&[-10.0, 0.0, 9.9], "-10..10"),
            (&[-1.0, 1.0], "-1..1"),
            (&[-2.0, -1.0, 2.0], "-2..2"),
            (&[80.0, 98.0, 99.0], "0..100"),
            (&[0.25, 0.9], "0..1"),
            (&[1.0], "0.5..5"),
        ] {
            assert_eq!(detected(ratings).unwrap(), expected, "{ratings:?}");
        }
        let totalled: Vec<f64> = [1.0, 2.0, 5.0].repeat(4).into_iter().chain([120.0]).collect();
        assert!(detected(&totalled).is_err_and(|why| why.contains("line 14 has the rating 120")));
        for ratings in [&[-1.0, -1.0, 7.0, 10.0][..], &[-9.5, 9.0, 99.0, 99.0], &[1.0, 5.0, 999.0]] {
            assert!(detected(ratings).is_err_and(|why| why.contains("no rating")), "{ratings:?}");
        }
        for ratings in [&[17.0, 50.0][..], &[1.0, 6.0], &[1.0; 12], &[1.0, 4000.0]] {
            assert!(detected(ratings).is_err_and(|why| why.contains("--rating-scale")), "{ratings:?}");
        }
    }

    #[test]
    fn two_scales_in_one_file_are_refused() {
        let five: Vec<f64> = (0..20).map(|n| f64::from(n % 5 + 1)).collect();
        let hundred: Vec<f64> = (0..20).map(|n| f64::from(n % 5) * 20.0 + 15.0).collect();
        let ten: Vec<f64> = (0..20).map(|n| f64::from(n % 10 + 1)).collect();
        let interleaved: Vec<f64> = five.iter().zip(&hundred).flat_map(|(a, b)| [*a, *b]).collect();
        for ratings in [
            [&five[..], &hundred].concat(),
            [&hundred[..], &five].concat(),
            [&five[..], &ten].concat(),
            interleaved,
        ] {
            assert!(detected(&ratings).is_err_and(|why| why.contains("two scales")), "{ratings:?}");
            assert!(column(&ratings).scale(Some("0..100".parse().unwrap()), false, false).is_ok());
        }
        let disliked: Vec<f64> = std::iter::repeat_n(1.0, 30).chain([5.0; 8]).collect();
        assert_eq!(detected(&disliked).unwrap(), "0.5..5");
    }

    #[test]
    fn zeros_that_mean_not_rated_are_on_no_scale() {
        let books = column(&[0.0, 8.0, 10.0, 0.0, 5.0]);
        assert_eq!(books.scale(None, true, false).unwrap().0.to_string(), "1..10");
        let (_, said) = books.scale(None, false, false).unwrap();
        assert!(said.is_some_and(|said| said.contains("--unrated")));
    }
}
