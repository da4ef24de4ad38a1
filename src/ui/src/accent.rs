//! The merchant's colour, made so dark or so light that text on it and beside it can be read (WCAG 2.2, 1.4.3: 4.5 to 1).

/// Contrast that is aimed at, in tenths: a little more than asked for, against rounding.
const CONTRAST_TENTHS: u32 = 46;
/// Ground of the light and of the dark scheme (`--card` and `--ground` in `page.css`; the less favourable one).
const LIGHT_GROUND: Colour = Colour([0xf4, 0xf5, 0xf7]);
const DARK_GROUND: Colour = Colour([0x1d, 0x21, 0x26]);
const WHITE: Colour = Colour([0xff; 3]);
const NIGHT: Colour = Colour([0x0c, 0x10, 0x14]);

/// A colour in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Colour([u8; 3]);

impl Colour {
    fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.is_ascii())?;
        let part = |at: usize| hex.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        Some(Self([part(0)?, part(2)?, part(4)?]))
    }

    fn css(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Relative luminance in millionths, as WCAG defines it.
    fn luminance(self) -> u32 {
        let [red, green, blue] = self.0.map(|part| LINEAR.get(usize::from(part)).copied().unwrap_or_default());
        (red * 213 + green * 715 + blue * 72) / 1_000
    }

    /// Whether the contrast of two colours is at least so many tenths.
    fn stands_out(self, other: Self, tenths: u32) -> bool {
        let (one, two) = (self.luminance() + 50_000, other.luminance() + 50_000);
        one.max(two) * 10 >= one.min(two) * tenths
    }

    /// The mixture with so many hundredths of another colour.
    fn mixed(self, other: Self, hundredths: u16) -> Self {
        let [a, b, c] = self.0;
        let [d, e, f] = other.0;
        let mix = |from: u8, to: u8| {
            let sum = u16::from(from) * (100 - hundredths) + u16::from(to) * hundredths;
            u8::try_from(sum / 100).unwrap_or(u8::MAX)
        };
        Self([mix(a, d), mix(b, e), mix(c, f)])
    }

    /// The nearest shade towards `end` that stands out from both colours.
    fn readable(self, end: Self, ground: Self, text: Self) -> Self {
        (0..=100)
            .map(|hundredths| self.mixed(end, hundredths))
            .find(|shade| shade.stands_out(ground, CONTRAST_TENTHS) && shade.stands_out(text, CONTRAST_TENTHS))
            .unwrap_or(end)
    }
}

/// The style that puts a colour such as `#0b57d0` in the place of ours; none when it is no colour.
pub(crate) fn style(accent: &str) -> Option<String> {
    let accent = Colour::parse(accent)?;
    let light = accent.readable(Colour([0; 3]), LIGHT_GROUND, WHITE).css();
    let dark = accent.readable(WHITE, DARK_GROUND, NIGHT).css();
    Some(format!(":root{{--accent:light-dark({light},{dark})}}"))
}

/// The linear value of each part of a colour, in millionths.
#[rustfmt::skip]
const LINEAR: [u32; 256] = [
    0, 304, 607, 911, 1_214, 1_518, 1_821, 2_125, 2_428, 2_732, 3_035, 3_347, 3_677, 4_025,
    4_391, 4_777, 5_182, 5_605, 6_049, 6_512, 6_995, 7_499, 8_023, 8_568, 9_134, 9_721, 10_330, 10_960,
    11_612, 12_286, 12_983, 13_702, 14_444, 15_209, 15_996, 16_807, 17_642, 18_500, 19_382, 20_289, 21_219, 22_174,
    23_153, 24_158, 25_187, 26_241, 27_321, 28_426, 29_557, 30_713, 31_896, 33_105, 34_340, 35_601, 36_889, 38_204,
    39_546, 40_915, 42_311, 43_735, 45_186, 46_665, 48_172, 49_707, 51_269, 52_861, 54_480, 56_128, 57_805, 59_511,
    61_246, 63_010, 64_803, 66_626, 68_478, 70_360, 72_272, 74_214, 76_185, 78_187, 80_220, 82_283, 84_376, 86_500,
    88_656, 90_842, 93_059, 95_307, 97_587, 99_899, 102_242, 104_616, 107_023, 109_462, 111_932, 114_435, 116_971, 119_538,
    122_139, 124_772, 127_438, 130_136, 132_868, 135_633, 138_432, 141_263, 144_128, 147_027, 149_960, 152_926, 155_926, 158_961,
    162_029, 165_132, 168_269, 171_441, 174_647, 177_888, 181_164, 184_475, 187_821, 191_202, 194_618, 198_069, 201_556, 205_079,
    208_637, 212_231, 215_861, 219_526, 223_228, 226_966, 230_740, 234_551, 238_398, 242_281, 246_201, 250_158, 254_152, 258_183,
    262_251, 266_356, 270_498, 274_677, 278_894, 283_149, 287_441, 291_771, 296_138, 300_544, 304_987, 309_469, 313_989, 318_547,
    323_143, 327_778, 332_452, 337_164, 341_914, 346_704, 351_533, 356_400, 361_307, 366_253, 371_238, 376_262, 381_326, 386_429,
    391_572, 396_755, 401_978, 407_240, 412_543, 417_885, 423_268, 428_690, 434_154, 439_657, 445_201, 450_786, 456_411, 462_077,
    467_784, 473_531, 479_320, 485_150, 491_021, 496_933, 502_886, 508_881, 514_918, 520_996, 527_115, 533_276, 539_479, 545_724,
    552_011, 558_340, 564_712, 571_125, 577_580, 584_078, 590_619, 597_202, 603_827, 610_496, 617_207, 623_960, 630_757, 637_597,
    644_480, 651_406, 658_375, 665_387, 672_443, 679_542, 686_685, 693_872, 701_102, 708_376, 715_694, 723_055, 730_461, 737_910,
    745_404, 752_942, 760_525, 768_151, 775_822, 783_538, 791_298, 799_103, 806_952, 814_847, 822_786, 830_770, 838_799, 846_873,
    854_993, 863_157, 871_367, 879_622, 887_923, 896_269, 904_661, 913_099, 921_582, 930_111, 938_686, 947_307, 955_973, 964_686,
    973_445, 982_251, 991_102, 1_000_000,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_colour_changes_nothing() {
        for wrong in ["", "#12345", "#1234567", "red", "#12345g", "#é1234", "}body{"] {
            assert_eq!(style(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_colour_that_is_dark_enough_stays_as_it_is() {
        assert!(style("#0b57d0").unwrap().contains("light-dark(#0b57d0,"));
        assert_eq!(Colour([255; 3]).luminance(), 1_000_000);
        assert!(Colour([0; 3]).stands_out(WHITE, 210) && !Colour([0; 3]).stands_out(WHITE, 211));
    }

    proptest! {
        #[test]
        fn any_colour_can_be_read(red: u8, green: u8, blue: u8) {
            let css = style(&Colour([red, green, blue]).css()).unwrap();
            let shades: Vec<_> = css.split('#').skip(1).map(|part| Colour::parse(&format!("#{}", part.get(..6).unwrap())).unwrap()).collect();
            let [light, dark] = shades[..] else { panic!("{css}") };
            for (shade, other) in [(light, LIGHT_GROUND), (light, WHITE), (dark, DARK_GROUND), (dark, NIGHT)] {
                prop_assert!(shade.stands_out(other, 45), "{css}");
            }
        }
    }
}
