//! The sandbox over real HTTP.

mod alovoice;
mod callgear;
mod callgear_editions;
mod callgear_writes;
mod core;
mod faults;
mod neuro;
mod neuro_writes;
mod shared;
mod support;
mod transcripto;
mod transcripto_plan;
mod transcripto_writes;
