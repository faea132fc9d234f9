// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// What payers on TRON do: many payments in one call, some of which may fail, and contracts that make contracts.
contract Payer {
    event Paid(address to, uint256 amount, bool done);

    receive() external payable {}

    function pay(address payable[] calldata to, uint256 each) external payable {
        for (uint256 i = 0; i < to.length; ++i) {
            (bool done,) = to[i].call{value: each}("");
            emit Paid(to[i], each, done);
        }
    }

    function refuse() external payable {
        revert("no");
    }

    function payAndRefuse(address payable to, uint256 amount) external payable {
        (bool done,) = address(this).call(abi.encodeCall(this.inner, (to, amount)));
        emit Paid(to, amount, done);
    }

    function inner(address payable to, uint256 amount) external {
        (bool done,) = to.call{value: amount}("");
        require(done && false, "taken back");
    }

    function make() external payable returns (address child) {
        child = address(new Child{value: msg.value}());
    }

    function breakInside() external {
        (bool done,) = address(this).call{gas: 50_000}(abi.encodeCall(this.crash, ()));
        emit Paid(address(0), 0, done);
    }

    function crash() external pure {
        assembly {
            invalid()
        }
    }

    function loop() external pure {
        for (;;) {}
    }

    function grow() external pure {
        assembly {
            mstore(0x400000, 1)
        }
    }

    function environment() external view returns (uint256, uint256, uint256, uint256, uint256) {
        return (block.chainid, block.timestamp, block.number, tx.gasprice, block.gaslimit);
    }
}

contract Child {
    constructor() payable {}

    function end(address payable heir) external {
        selfdestruct(heir);
    }
}
