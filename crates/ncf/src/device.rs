//! Where a training step runs.

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::NcfError;

/// Where a training step runs. What a step computes is the same everywhere but for rounding; only
/// [`TrainDevice::Cpu`] promises the same bits on every machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrainDevice {
    /// All cores of the processor.
    #[default]
    Cpu,
    /// The first NVIDIA GPU that `CUDA_VISIBLE_DEVICES` lets through; the cargo feature `cuda`.
    Cuda,
    /// The best GPU that Vulkan, Metal or DirectX 12 finds; the cargo feature `wgpu`.
    Wgpu,
}

impl TrainDevice {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Cuda, Self::Wgpu];

    /// Its name: `cpu`, `cuda`, `wgpu`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Wgpu => "wgpu",
        }
    }

    /// The device, after one small computation on it.
    pub(crate) fn open(self) -> Result<Device, NcfError> {
        let unavailable = |reason: String| NcfError::DeviceUnavailable { device: self.name(), reason };
        let device = match self {
            Self::Cpu => return Ok(Device::flex()),
            Self::Cuda => cuda(),
            Self::Wgpu => wgpu(),
        };
        let Some(device) = device else {
            let name = self.name();
            return Err(unavailable(format!(
                "this program was built without it: build with `--features {name}`"
            )));
        };
        // Drivers that are absent make burn panic at the first use of the device.
        let probe = std::panic::catch_unwind(|| Tensor::<1>::zeros([2], &device).add_scalar(1.0).into_data());
        match probe {
            Ok(_) => Ok(device),
            Err(panic) => Err(unavailable(message(panic.as_ref()))),
        }
    }

    /// Whether a step is cut into shards that run side by side on the cores.
    pub(crate) fn runs_shards(self) -> bool {
        self == Self::Cpu
    }
}

impl std::str::FromStr for TrainDevice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|device| device.name() == name).ok_or_else(|| {
            format!("unknown device \"{name}\": expected {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the device could not be used").to_owned()
}

#[cfg(feature = "cuda")]
fn cuda() -> Option<Device> {
    Some(Device::cuda(0))
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Option<Device> {
    None
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Option<Device> {
    Some(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice))
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> Option<Device> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_are_refused() {
        for device in TrainDevice::ALL {
            assert_eq!(device.name().parse(), Ok(device));
        }
        assert!("gpu".parse::<TrainDevice>().is_err_and(|error| error.contains("cpu, cuda, wgpu")));
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_device_that_was_left_out_of_the_build_says_how_to_build_it_in() {
        let error = TrainDevice::Cuda.open().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("cuda") && error.contains("--features cuda"), "{error}");
    }
}
