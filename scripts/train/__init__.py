"""Training, measuring and exporting of TorchScript models."""

import torch

# As alert-bench sets it: LibTorch 2.6 of Debian 13 does not come back from the fuser.
torch._C._jit_set_texpr_fuser_enabled(False)
