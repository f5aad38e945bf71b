"""What a configuration holds that may be a secret, and what surely is none."""

import pytest

from checks.config import compare_configs
from checks.run import Scalar
from checks.secrecy import may_be_secret

HIDDEN: tuple[tuple[str, Scalar], ...] = (
    ("openaiApiKey", "sk_live_abc12"),
    ("dbPassword", "hunter2"),
    ("accessToken", "s3cr3t-T0k3n!"),
    ("jwtSecret", "short1"),
    ("pwd", "x"),
    ("db.pass", "x"),
    ("passphrase", "correct horse"),
    ("smtp_pw", "x"),
    ("wandbkey", "x"),
    ("WANDB_API_KEY", "x"),
    ("login", "bob:hunter2"),
    ("cmd", "train.py --api-key=abc123"),
    ("conn_text", "Server=db;Password=hunter2"),
    ("where", "user:hunter2@db.corp"),
    ("headers", "Authorization: Bearer abc"),
    ("extra", "Bearer abc"),
    ("pem", "-----BEGIN RSA PRIVATE KEY-----"),
    ("id2", "deadbeefcafe01"),
    ("hub", "hf_abcdefgh"),
    ("url2", "postgres://u:p@h/db"),
    ("pin", 1234),
    ("otp", 99.0),
)
SHOWN: tuple[tuple[str, Scalar], ...] = (
    ("max_tokens", 512),
    ("tokenizer", "Qwen/Qwen2.5-7B-Instruct"),
    ("num_key_value_heads", 8),
    ("key_dim", 64),
    ("pass_rate", 0.5),
    ("monkey", "chimp"),
    ("turkey", "yes"),
    ("hidden_size", 1024),
    ("lora_target_modules", "q_proj,k_proj"),
    ("passes", "two"),
    ("pin_memory", True),
    ("attention.keys_per_head", 4),
    ("kl_beta", 0.04),
    ("model", "meta-llama/Llama-3.1-8B"),
    ("dtype", "bf16"),
    ("scheduler", "cosine"),
    ("lr", "3e-5"),
    ("dataset", "openai/gsm8k"),
    ("use_auth", None),
    ("stage", "a1b2c3d"),
)


@pytest.mark.parametrize(("key", "value"), HIDDEN)
def test_what_may_be_a_secret_is_not_shown(key: str, value: Scalar) -> None:
    assert may_be_secret(key, value)
    other = 1 if not isinstance(value, str) else "another"
    assert compare_configs([{key: value}, {key: other}]).shown == ()


@pytest.mark.parametrize(("key", "value"), SHOWN)
def test_ordinary_settings_are_shown(key: str, value: Scalar) -> None:
    assert not may_be_secret(key, value)
