//! Colours and fonts. The background is transparent, so they must be legible on white and on black.

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBAColor, RGBColor, TextStyle};

use crate::contestant::Contestant;

pub(super) const TEXT: RGBColor = RGBColor(0x79, 0x79, 0x79);

pub(super) const FONT: &str = "sans-serif";

/// Plotters divides font sizes by 1.24 for SVG: this is 12 px there.
pub(super) const FONT_SIZE: f64 = 15.0;

pub(super) const TITLE_SIZE: f64 = 19.0;

const RIVALS: [RGBColor; 4] = [
    RGBColor(0x2f, 0x9e, 0x44),
    RGBColor(0x9c, 0x36, 0xb5),
    RGBColor(0xb7, 0x79, 0x1f),
    RGBColor(0x0c, 0x85, 0x99),
];

/// The colour of a contestant. `index` is its position in the table.
pub(super) fn color(contestant: &Contestant, index: usize) -> RGBColor {
    match contestant {
        Contestant::Ours => RGBColor(0xd9, 0x48, 0x0f),
        Contestant::Libzmq => RGBColor(0x1c, 0x7e, 0xd6),
        Contestant::Floor => RGBColor(0x86, 0x8e, 0x96),
        Contestant::Rival { .. } => RIVALS[index % RIVALS.len()],
    }
}

pub(super) fn grid() -> RGBAColor {
    TEXT.mix(0.3)
}

/// Text that is vertically centred at its point.
pub(super) fn text(size: f64, horizontal: HPos) -> TextStyle<'static> {
    let style: TextStyle<'_> = (FONT, size).into_font().color(&TEXT);
    style.pos(Pos::new(horizontal, VPos::Center))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const BACKGROUNDS: [RGBColor; 2] = [RGBColor(0xff, 0xff, 0xff), RGBColor(0x0d, 0x11, 0x17)];

    /// The contrast ratio of WCAG 2.
    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
        let linear = |channel: u8| match f64::from(channel) / 255.0 {
            dark @ ..0.04045 => dark / 12.92,
            bright => ((bright + 0.055) / 1.055).powf(2.4),
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    #[test]
    fn colors_are_legible_in_light_and_dark_mode() {
        let rival = Contestant::Rival { name: "rival".to_owned(), program: PathBuf::new() };
        let built_in = [Contestant::Ours, Contestant::Libzmq, Contestant::Floor];
        let mut colors: Vec<_> = built_in.iter().map(|one| color(one, 0)).collect();
        colors.extend((0..RIVALS.len()).map(|index| color(&rival, index)));
        for background in BACKGROUNDS {
            assert!(contrast(TEXT, background) > 4.3);
            for color in &colors {
                // WCAG asks for 3 between graphics and their background.
                assert!(contrast(*color, background) > 3.0, "{color:?} on {background:?}");
            }
        }
    }
}
