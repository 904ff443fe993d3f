//! What was measured, beside what was to be reached.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// Where the table stands in a document.
const BEGIN: &str = "<!-- figures: begin -->";
const END: &str = "<!-- figures: end -->";

/// What a value is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// One figure.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    section: &'static str,
    name: String,
    /// `None` where it could not be measured; the note says why.
    value: Option<f64>,
    unit: &'static str,
    goal: Option<Goal>,
    note: String,
}

impl Figure {
    fn reached(&self) -> Option<bool> {
        match (self.value?, self.goal?) {
            (value, Goal::AtLeast(least)) => Some(value >= least),
            (value, Goal::AtMost(most)) => Some(value <= most),
        }
    }

    fn json(&self) -> Value {
        let (least, most) = match self.goal {
            Some(Goal::AtLeast(least)) => (Some(least), None),
            Some(Goal::AtMost(most)) => (None, Some(most)),
            None => (None, None),
        };
        json!({
            "section": self.section, "figure": self.name, "value": self.value, "unit": self.unit,
            "at_least": least, "at_most": most, "reached": self.reached(), "note": self.note,
        })
    }

    fn row(&self) -> String {
        let value = self
            .value
            .map_or("not measured".to_owned(), |value| written(value, self.unit));
        let goal = match self.goal {
            Some(Goal::AtLeast(least)) => format!("≥ {}", written(least, self.unit)),
            Some(Goal::AtMost(most)) => format!("≤ {}", written(most, self.unit)),
            None => String::new(),
        };
        let reached = match self.reached() {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "",
        };
        format!(
            "| {} | {value} | {goal} | {reached} | {} |",
            self.name, self.note
        )
    }
}

/// A value as people read it.
fn written(value: f64, unit: &str) -> String {
    let size = value.abs();
    let number = if size >= 100.0 || value == 0.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 0.1 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    };
    match unit {
        "" => number,
        "x" | "%" => format!("{number} {unit}").replace(" x", "x"),
        _ => format!("{number} {unit}"),
    }
}

/// The figures of a run, in the order in which they were taken.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    section: &'static str,
    taken: Vec<Figure>,
    file: Option<fs::File>,
}

impl Figures {
    /// Figures that also go into a file, a line each, as they are taken.
    pub(crate) fn new(file: Option<&Path>) -> Result<Self> {
        let file = file
            .map(|path| {
                fs::File::create(path).with_context(|| format!("write to {}", path.display()))
            })
            .transpose()?;
        Ok(Self {
            file,
            ..Self::default()
        })
    }

    /// What is taken from now on belongs to this section.
    pub(crate) fn section(&mut self, section: &'static str) {
        self.section = section;
    }

    /// Takes a figure that has no goal.
    pub(crate) fn tell(
        &mut self,
        name: &str,
        value: f64,
        unit: &'static str,
        note: &str,
    ) -> Result<()> {
        self.take(name, Some(value), unit, None, note)
    }

    /// Takes a figure that has one.
    pub(crate) fn judge(
        &mut self,
        name: &str,
        value: f64,
        unit: &'static str,
        goal: Goal,
        note: &str,
    ) -> Result<()> {
        self.take(name, Some(value), unit, Some(goal), note)
    }

    /// Notes that something could not be measured, and why.
    pub(crate) fn missing(&mut self, name: &str, why: &str) -> Result<()> {
        self.take(name, None, "", None, why)
    }

    fn take(
        &mut self,
        name: &str,
        value: Option<f64>,
        unit: &'static str,
        goal: Option<Goal>,
        note: &str,
    ) -> Result<()> {
        use std::io::Write as _;
        let figure = Figure {
            section: self.section,
            name: name.to_owned(),
            value: value.filter(|value| value.is_finite()),
            unit,
            goal,
            note: note.replace(['\n', '|'], " "),
        };
        eprintln!("  {}", figure.row());
        if let Some(file) = &mut self.file {
            writeln!(file, "{}", figure.json())?;
        }
        self.taken.push(figure);
        Ok(())
    }

    /// All figures, a line each.
    pub(crate) fn lines(&self) -> String {
        let mut lines = String::new();
        for figure in &self.taken {
            // Writing to a text does not fail.
            let _ = writeln!(lines, "{}", figure.json());
        }
        lines
    }

    /// All figures as tables, one a section.
    pub(crate) fn tables(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        for figure in &self.taken {
            if figure.section != section {
                section = figure.section;
                let _ = write!(
                    text,
                    "\n### {section}\n\n| figure | value | goal | reached | how |\n|---|---|---|---|---|\n"
                );
            }
            let _ = writeln!(text, "{}", figure.row());
        }
        text
    }

    /// Puts the tables between the markers of a document.
    pub(crate) fn write_into(&self, path: &Path, heading: &str) -> Result<()> {
        let document =
            fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        let replaced = between_markers(&document, &format!("{heading}\n{}", self.tables()))
            .with_context(|| format!("{} has no markers", path.display()))?;
        fs::write(path, replaced).with_context(|| format!("write {}", path.display()))
    }
}

fn between_markers(document: &str, text: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{text}\n{END}{after}"))
}

/// The middle one of some values; of an even number the mean of the middle two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) && middle > 0 {
        f64::midpoint(at(middle - 1), at(middle))
    } else {
        at(middle)
    }
}

/// The middle ratio of two rows of values that were taken in turns.
pub(crate) fn median_ratio(upper: &[f64], lower: &[f64]) -> f64 {
    let ratios: Vec<f64> = upper.iter().zip(lower).map(|(a, b)| a / b).collect();
    median(&ratios)
}

/// How much something changes from the least of some values to the greatest.
pub(crate) fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{} rounds, {least:.0} to {most:.0}", values.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_has_a_direction() {
        let mut figures = Figures::default();
        figures.section("a");
        figures
            .judge("fast", 3.0, "x", Goal::AtLeast(3.0), "")
            .unwrap();
        figures
            .judge("slow", 3.1, "ms", Goal::AtMost(3.0), "")
            .unwrap();
        figures.missing("absent", "no such | program").unwrap();
        let reached: Vec<_> = figures.taken.iter().map(Figure::reached).collect();
        assert_eq!(reached, [Some(true), Some(false), None]);
        let tables = figures.tables();
        assert!(
            tables.contains("| fast | 3.00x | ≥ 3.00x | yes |"),
            "{tables}"
        );
        assert!(
            tables.contains("| slow | 3.10 ms | ≤ 3.00 ms | **no** |"),
            "{tables}"
        );
        assert!(
            tables.contains("| absent | not measured |  |  | no such   program |"),
            "{tables}"
        );
    }

    #[test]
    fn only_what_is_between_the_markers_is_replaced() {
        let document = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let replaced = between_markers(&document, "new").unwrap();
        assert_eq!(replaced, format!("before\n{BEGIN}\n\nnew\n{END}\nafter\n"));
        assert_eq!(between_markers("no markers", "new"), None);
    }

    #[test]
    fn a_median_of_ratios_pairs_the_rounds() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0]), 2.5);
        assert_eq!(median_ratio(&[2.0, 9.0, 4.0], &[1.0, 3.0, 1.0]), 3.0);
        assert!(median(&[]).is_nan());
    }
}
