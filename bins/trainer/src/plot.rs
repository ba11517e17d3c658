//! Plots of a few labelled points, as SVG.

use std::{error::Error, ops::Range};

use plotters::{
    coord::{
        Shift,
        ranged1d::{AsRangedCoord, ValueFormatter},
    },
    prelude::*,
};

/// Width and height of one chart in pixels.
const SIZE: (u32, u32) = (460, 340);
const COLOURS: [RGBColor; 6] = [
    RGBColor(43, 108, 176),
    RGBColor(192, 86, 33),
    RGBColor(47, 133, 90),
    RGBColor(107, 70, 193),
    RGBColor(184, 50, 128),
    RGBColor(74, 85, 104),
];
/// Part of an axis that is left free around its points.
const AIR: f64 = 0.08;

/// A plot: series of points over two axes.
pub struct Chart {
    pub title: String,
    pub x: String,
    pub y: String,
    /// True for a logarithmic horizontal axis; its values are above 0.
    pub is_logarithmic: bool,
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

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error + Send + Sync>>;

/// Draws charts beside each other and returns the text of an SVG file.
pub fn svg(charts: &[Chart]) -> anyhow::Result<String> {
    let mut out = String::new();
    draw_all(charts, &mut out).map_err(anyhow::Error::from_boxed)?;
    Ok(out)
}

fn draw_all(charts: &[Chart], out: &mut String) -> Drawn {
    let size = (SIZE.0 * charts.len() as u32, SIZE.1);
    let root = SVGBackend::with_string(out, size).into_drawing_area();
    root.fill(&WHITE)?;
    for (area, chart) in root.split_evenly((1, charts.len())).iter().zip(charts) {
        let x = range(chart.points().map(|point| if chart.is_logarithmic { point.x.ln() } else { point.x }));
        if chart.is_logarithmic {
            draw(area, chart, (x.start.exp()..x.end.exp()).log_scale())?;
        } else {
            draw(area, chart, x)?;
        }
    }
    root.present()?;
    Ok(())
}

impl Chart {
    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| &series.points)
    }
}

/// Returns the range of finite values, with [`AIR`] around them.
fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let finite = values.filter(|value| value.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
    let air = if high > low { (high - low) * AIR } else { 0.5 };
    low - air..high + air
}

/// Draws a chart over the coordinates of its horizontal axis.
fn draw<X>(area: &Area<'_>, chart: &Chart, x: X) -> Drawn
where
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
{
    let small = ("sans-serif", 11);
    let mut y = range(chart.points().map(|point| point.y));
    if chart.points().all(|point| point.y >= 0.0) {
        y.start = y.start.max(0.0);
    }
    let mut drawn = ChartBuilder::on(area)
        .caption(&chart.title, ("sans-serif", 14))
        .margin(12)
        .margin_right(30)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(x, y)?;
    drawn
        .configure_mesh()
        .max_light_lines(0)
        .x_labels(6)
        .y_labels(6)
        .x_desc(&chart.x)
        .y_desc(&chart.y)
        .label_style(small)
        .draw()?;
    for (series, colour) in chart.series.iter().zip(COLOURS.into_iter().cycle()) {
        let places = || series.points.iter().map(|point| (point.x, point.y));
        drawn.draw_series(LineSeries::new(places(), colour))?;
        drawn.draw_series(places().map(|place| Circle::new(place, 3, colour.filled())))?;
        let style = small.into_font().color(&colour);
        drawn.draw_series(series.points.iter().map(|point| {
            EmptyElement::at((point.x, point.y)) + Text::new(point.label.clone(), (6, -12), style.clone())
        }))?;
    }
    if chart.series.len() > 1 {
        name_series(area, &chart.series)?;
    }
    Ok(())
}

/// Writes the names of series in their colours, where a growing line leaves room.
fn name_series(area: &Area<'_>, series: &[Series]) -> Drawn {
    for ((place, series), colour) in (0..).zip(series).zip(COLOURS.into_iter().cycle()) {
        let style = ("sans-serif", 12).into_font().color(&colour);
        area.draw(&Text::new(series.name.clone(), (84, 44 + 15 * place), style))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn chart(points: &[(f64, f64)], is_logarithmic: bool) -> Chart {
        let point = |&(x, y): &(f64, f64)| Point { x, y, label: "a < b".into() };
        let series = vec![Series { name: "one".into(), points: points.iter().map(point).collect() }];
        Chart { title: "A & B".into(), x: "x".into(), y: "y".into(), is_logarithmic, series }
    }

    #[test]
    fn every_point_is_drawn_within_the_picture_and_text_is_escaped() {
        let linear = chart(&[(0.0, 1.0), (0.5, 3.0)], false);
        let drawn = svg(&[linear, chart(&[(2.0, 2.0)], true), chart(&[], false)]).unwrap();
        assert_eq!(drawn.matches("<circle").count(), 3);
        assert!(drawn.contains("a &lt; b") && drawn.contains("A &amp; B") && !drawn.contains("NaN"));
        for part in drawn.split("cy=\"").skip(1) {
            let y: u32 = part.split('"').next().unwrap().parse().unwrap();
            assert!(y <= SIZE.1, "{y}");
        }
    }
}
