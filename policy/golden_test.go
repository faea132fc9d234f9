package policy_test

// What approves order("1000") of the tests until 2026-05-04T13:00:00Z.
const (
	goldenEIP712  = "816a9d4b46c66aeb3287a47cfa063dec4107d19cc90246d0ac7d5e6943766874"
	goldenEd25519 = "636f666665722f617070726f76616c2f656432353531392f7631" + "00" + // tag
		"c3cc529da04f74cb5ddcaeeddb4fd286caba13541a4cb3677822da793422fd64" + // order hash
		"0000000069f89850" // 1777899600
)
