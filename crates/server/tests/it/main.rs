//! The binary as its users meet it, and the rules of the workspace that no compiler checks.

mod arrows;
mod commands;
mod demo;
mod names;
mod serving;
mod support;
