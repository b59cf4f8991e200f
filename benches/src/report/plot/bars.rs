//! Groups of horizontal bars.

use plotters::element::{Rectangle, Text};
use plotters::style::text_anchor::HPos;
use plotters::style::{Color, RGBColor};

use super::style::{FONT_SIZE, TITLE_SIZE, text};
use super::{Canvas, Drawn, svg};
use crate::process::Failure;

/// Groups of bars. Each group has its own scale.
pub(super) struct Bars {
    pub(super) title: String,
    pub(super) groups: Vec<(String, Vec<Bar>)>,
}

pub(super) struct Bar {
    pub(super) name: String,
    pub(super) color: RGBColor,
    pub(super) value: f64,
    pub(super) text: String,
}

const WIDTH: i32 = 760;
const TOP: i32 = 50;
const MARGIN: i32 = 16;
/// Where bars start. Their names are to the left.
const LEFT: i32 = 140;
/// The length of the longest bar in each group.
const LONGEST: f64 = 530.0;
const HEADING: i32 = 20;
const BAR: i32 = 16;
const GAP: i32 = 14;

impl Bars {
    pub(super) fn render(&self) -> Result<String, Failure> {
        svg((WIDTH.unsigned_abs(), self.height().unsigned_abs()), |canvas| self.draw(canvas))
    }

    fn height(&self) -> i32 {
        self.groups.iter().fold(TOP, |height, (_, bars)| {
            bars.iter().fold(height + HEADING + GAP, |height, _| height + BAR)
        })
    }

    fn draw(&self, canvas: &Canvas<'_>) -> Drawn {
        let title = Text::new(self.title.as_str(), (MARGIN, TOP / 2), text(TITLE_SIZE, HPos::Left));
        canvas.draw(&title)?;
        let mut y = TOP;
        for (name, bars) in &self.groups {
            let heading = (MARGIN, y + HEADING / 2);
            canvas.draw(&Text::new(name.as_str(), heading, text(FONT_SIZE, HPos::Left)))?;
            y += HEADING;
            let longest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
            for bar in bars {
                bar.draw(canvas, y, bar.value / longest * LONGEST)?;
                y += BAR;
            }
            y += GAP;
        }
        Ok(())
    }
}

impl Bar {
    fn draw(&self, canvas: &Canvas<'_>, y: i32, length: f64) -> Drawn {
        #[expect(clippy::cast_possible_truncation, reason = "a length is at most LONGEST")]
        let end = LEFT + length.clamp(0.0, LONGEST).round() as i32;
        let middle = y + BAR / 2;
        let name = Text::new(self.name.as_str(), (LEFT - 8, middle), text(FONT_SIZE, HPos::Right));
        canvas.draw(&name)?;
        canvas.draw(&Rectangle::new([(LEFT, y + 1), (end, y + BAR - 2)], self.color.filled()))?;
        let value = Text::new(self.text.as_str(), (end + 6, middle), text(FONT_SIZE, HPos::Left));
        canvas.draw(&value)
    }
}

#[cfg(test)]
mod tests {
    use plotters::style::RED;

    use super::*;

    #[test]
    fn the_longest_bar_of_each_group_is_as_long() {
        let bar =
            |value| Bar { name: "name".to_owned(), color: RED, value, text: "text".to_owned() };
        let groups = vec![
            ("first".to_owned(), vec![bar(1.0), bar(2.0)]),
            ("second".to_owned(), vec![bar(1000.0)]),
        ];
        let svg = Bars { title: String::new(), groups }.render().expect("a plot");
        assert_eq!(svg.matches(r#"width="530""#).count(), 2, "{svg}");
        assert_eq!(svg.matches(r#"width="265""#).count(), 1, "{svg}");
    }
}
