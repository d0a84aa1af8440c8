"""The life of an instance after its first deployment: versions, suspension, retirement, adoption."""
