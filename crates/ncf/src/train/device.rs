//! Devices that run training steps, each with its backend of burn.

use burn_autodiff::Autodiff;
use burn_flex::{Flex, FlexDevice};

use super::dense::Dense;
use super::graph::{ShardInput, ShardOutput, run_shard};
use crate::weights::Matrix;
use crate::{Loss, NcfError, TrainDevice};

#[cfg(feature = "cuda")]
type Cuda = Autodiff<burn_cuda::Cuda>;
#[cfg(feature = "wgpu")]
type Wgpu = Autodiff<burn_wgpu::Wgpu>;

/// A device that is ready to run training steps.
pub(crate) enum OpenDevice {
    Cpu(FlexDevice),
    #[cfg(feature = "cuda")]
    Cuda(burn_backend::tensor::Device<Cuda>),
    #[cfg(feature = "wgpu")]
    Wgpu(burn_backend::tensor::Device<Wgpu>),
}

impl OpenDevice {
    /// Opens a device. Runs one small computation on a GPU to find out whether it works.
    pub fn open(device: TrainDevice) -> Result<Self, NcfError> {
        match device {
            TrainDevice::Cpu => Ok(Self::Cpu(FlexDevice)),
            #[cfg(feature = "cuda")]
            TrainDevice::Cuda => {
                let opened = burn_cuda::CudaDevice { index: 0 }.into();
                probe::<Cuda>(device, &opened)?;
                Ok(Self::Cuda(opened))
            }
            #[cfg(feature = "wgpu")]
            TrainDevice::Wgpu => {
                let opened = burn_wgpu::WgpuDevice::default().into();
                probe::<Wgpu>(device, &opened)?;
                Ok(Self::Wgpu(opened))
            }
            #[cfg(not(all(feature = "cuda", feature = "wgpu")))]
            unsupported => {
                let device = unsupported.name();
                let reason = format!("this build does not support it: build with `--features {device}`");
                Err(NcfError::DeviceUnavailable { device, reason })
            }
        }
    }

    /// Runs one shard; see [`run_shard`].
    pub fn run(
        &self,
        weights: &Dense<Matrix>,
        input: ShardInput,
        loss: Loss,
        terms: usize,
    ) -> Result<ShardOutput, NcfError> {
        match self {
            Self::Cpu(device) => run_shard::<Autodiff<Flex>>(device, weights, input, loss, terms),
            #[cfg(feature = "cuda")]
            Self::Cuda(device) => run_shard::<Cuda>(device, weights, input, loss, terms),
            #[cfg(feature = "wgpu")]
            Self::Wgpu(device) => run_shard::<Wgpu>(device, weights, input, loss, terms),
        }
    }
}

/// Adds two numbers on a device.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn probe<A: burn_backend::AutodiffBackend>(
    device: TrainDevice,
    opened: &burn_backend::tensor::Device<A>,
) -> Result<(), NcfError> {
    // burn panics at the first use of a device whose driver is missing.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let ones = super::tensor::Tensor::<A>::constant(vec![1.0; 2], 1, opened);
        (ones.clone() + ones).values()
    }));
    let reason = match result {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(panic) => panic_message(panic.as_ref()),
    };
    Err(NcfError::DeviceUnavailable { device: device.name(), reason })
}

#[cfg(any(feature = "cuda", feature = "wgpu"))]
fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the driver reported no reason").to_owned()
}

#[cfg(all(test, not(feature = "cuda")))]
mod tests {
    use super::OpenDevice;
    use crate::TrainDevice;

    #[test]
    fn a_device_that_was_left_out_of_the_build_says_how_to_build_it_in() {
        let error =
            OpenDevice::open(TrainDevice::Cuda).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("cuda") && error.contains("--features cuda"), "{error}");
    }
}
