//! Names of the devices that training can run on.

use serde::{Deserialize, Serialize};

/// Device of the training steps. Results on different devices differ by rounding; only
/// [`TrainDevice::Cpu`] gives the same bits on every machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrainDevice {
    /// All cores of the processor.
    #[default]
    Cpu,
    /// The first NVIDIA GPU allowed by `CUDA_VISIBLE_DEVICES`. Needs the cargo feature `cuda`.
    Cuda,
    /// The best GPU found through Vulkan, Metal or DirectX 12. Needs the cargo feature `wgpu`.
    Wgpu,
}

impl TrainDevice {
    /// Lists all devices, including those that this build does not support.
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Cuda, Self::Wgpu];

    /// Returns the name: `cpu`, `cuda` or `wgpu`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Wgpu => "wgpu",
        }
    }
}

impl std::str::FromStr for TrainDevice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|device| device.name() == name).ok_or_else(|| {
            format!("unknown device \"{name}\": expected one of {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::TrainDevice;

    #[test]
    fn names_are_read_back_and_others_are_refused() {
        for device in TrainDevice::ALL {
            assert_eq!(device.name().parse(), Ok(device));
        }
        assert!("gpu".parse::<TrainDevice>().is_err_and(|error| error.contains("cpu, cuda, wgpu")));
    }
}
