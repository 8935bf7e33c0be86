"""Programs in any language that speak the lockstep device protocol (docs/reference/lockstep-device.md)."""
