//! Plots of a few labelled points, as SVG without any dependency.

use std::fmt::Write as _;

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 340.0;
/// Margins for axes and titles: left, top, right, bottom.
const MARGINS: [f64; 4] = [62.0, 34.0, 24.0, 46.0];
const TICKS: usize = 5;
const COLOURS: [&str; 6] = ["#2b6cb0", "#c05621", "#2f855a", "#6b46c1", "#b83280", "#4a5568"];

/// A plot: series of points over two linear axes.
pub struct Chart {
    pub title: String,
    pub x: String,
    pub y: String,
    pub series: Vec<Series>,
}

/// Points that are joined in their order.
pub struct Series {
    pub name: String,
    pub points: Vec<Point>,
}

/// A point with its label.
pub struct Point {
    pub x: f64,
    pub y: f64,
    pub label: String,
}

/// Draws charts beside each other and returns the text of an SVG file.
pub fn svg(charts: &[Chart]) -> String {
    let width = WIDTH * charts.len() as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"11\">\n<rect width=\"{width}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
    );
    for (place, chart) in charts.iter().enumerate() {
        let _ = writeln!(out, "<g transform=\"translate({},0)\">{}</g>", WIDTH * place as f64, draw(chart));
    }
    out + "</svg>\n"
}

/// An axis: its range of values and its range on the picture.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// Returns an axis that spans all finite values with a margin.
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) =
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
        let air = if high > low { (high - low) * 0.08 } else { 0.5 };
        Self { low: low - air, high: high + air, from, to }
    }

    fn place(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (low, step) = (self.low, (self.high - self.low) / TICKS as f64);
        (0..=TICKS).map(move |tick| low + step * tick as f64)
    }
}

fn draw(chart: &Chart) -> String {
    let [left, top, right, bottom] = MARGINS;
    let points = || chart.series.iter().flat_map(|series| &series.points);
    let x = Axis::over(points().map(|point| point.x), left, WIDTH - right);
    let y = Axis::over(points().map(|point| point.y), HEIGHT - bottom, top);
    let mut out = String::new();
    let text = |out: &mut String, x: f64, y: f64, anchor: &str, colour: &str, text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>"
        );
    };
    let line = |out: &mut String, [x1, y1, x2, y2]: [f64; 4]| {
        let _ = write!(
            out,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#e2e8f0\"/>"
        );
    };
    for tick in x.ticks() {
        line(&mut out, [x.place(tick), top, x.place(tick), HEIGHT - bottom]);
        text(&mut out, x.place(tick), HEIGHT - bottom + 14.0, "middle", "#4a5568", &format!("{tick:.3}"));
    }
    for tick in y.ticks() {
        line(&mut out, [left, y.place(tick), WIDTH - right, y.place(tick)]);
        text(&mut out, left - 6.0, y.place(tick) + 4.0, "end", "#4a5568", &format!("{tick:.3}"));
    }
    for (place, (series, colour)) in chart.series.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let places = series.points.iter().map(|point| (x.place(point.x), y.place(point.y), &point.label));
        let path: Vec<String> = places.clone().map(|(x, y, _)| format!("{x:.1},{y:.1}")).collect();
        let _ = write!(out, "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\"/>", path.join(" "));
        for (x, y, label) in places {
            let _ = write!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>");
            text(&mut out, x + 6.0, y - 6.0, "start", colour, label);
        }
        if chart.series.len() > 1 {
            let y = top + 14.0 * (place + 1) as f64;
            text(&mut out, WIDTH - right - 6.0, y, "end", colour, &series.name);
        }
    }
    text(&mut out, WIDTH / 2.0, 18.0, "middle", "black", &chart.title);
    text(&mut out, WIDTH / 2.0, HEIGHT - 10.0, "middle", "black", &chart.x);
    let _ = write!(out, "<g transform=\"translate(14,{:.1}) rotate(-90)\">", HEIGHT / 2.0);
    text(&mut out, 0.0, 0.0, "middle", "black", &chart.y);
    out + "</g>"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: &[(f64, f64)]) -> Chart {
        let point = |&(x, y): &(f64, f64)| Point { x, y, label: "a < b".into() };
        let series = vec![Series { name: "one".into(), points: points.iter().map(point).collect() }];
        Chart { title: "A & B".into(), x: "x".into(), y: "y".into(), series }
    }

    #[test]
    fn every_point_is_drawn_within_the_picture_and_text_is_escaped() {
        let drawn = svg(&[chart(&[(0.0, 1.0), (0.5, 3.0)]), chart(&[(2.0, 2.0)]), chart(&[])]);
        assert_eq!(drawn.matches("<circle").count(), 3);
        assert!(drawn.contains("a &lt; b") && drawn.contains("A &amp; B") && !drawn.contains("NaN"));
        for part in drawn.split("cy=\"").skip(1) {
            let y: f64 = part.split('"').next().unwrap_or_default().parse().unwrap_or(f64::NAN);
            assert!((0.0..=HEIGHT).contains(&y), "{y}");
        }
        assert_eq!(drawn.matches("<g ").count(), drawn.matches("</g>").count());
    }
}
